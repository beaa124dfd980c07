"""Documents of a file: JSON, or YAML with any number of documents."""

import codecs
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

SUFFIXES: Final = frozenset({".json", ".yml", ".yaml", ".rules"})
"""Files that are read in a folder; a file given by name may have any suffix."""

LARGEST_BYTES: Final = 64 * 1024 * 1024
"""Size from which on a file is not read, such as a device without an end."""

_MOST_VALUES: Final = 1_000_000
"""Largest number of values of a document with aliases: nine lines can stand for billions."""

_FAULTS: Final = (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError)
"""Errors of the YAML loader. Those of a value that does not fit its tag are no `YAMLError`."""

_Base: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader in C is ten times faster; some builds of PyYAML lack it."""


class _Loader(_Base):  # type: ignore[misc]  # either loader
    """Safe loader that reads ``=`` as text, and ignores tags of other programs."""


def _untagged(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_constructor("tag:yaml.org,2002:value", _Base.construct_yaml_str)
_Loader.add_multi_constructor("!", _untagged)


class UnreadableError(ValueError):
    """A text is neither JSON nor YAML; the message is one line with the reason."""


def read(path: Path) -> list[object]:
    """Return the documents of *path*.

    Raises:
        UnreadableError: The file cannot be read or parsed.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error
    if len(content) > LARGEST_BYTES:
        raise UnreadableError(f"larger than {LARGEST_BYTES} bytes")
    text = _decode(content)
    if path.suffix == ".json" and not text.strip():
        raise UnreadableError("the file is empty")
    return parse(text)


def parse(text: str) -> list[object]:
    """Return the documents of *text*.

    Raises:
        UnreadableError: *text* is neither JSON nor YAML.
    """
    if text.lstrip().startswith("{{"):
        raise UnreadableError("a template, which is neither JSON nor YAML")
    if text.lstrip()[:1] in {"{", "["}:
        try:
            return [json.loads(text)]
        except (ValueError, RecursionError) as error:
            return _flow_documents(text, error)
    try:
        return _yaml_documents(text)
    except (*_FAULTS, RecursionError) as error:
        raise UnreadableError(_one_line(error)) from error


def _decode(content: bytes) -> str:
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"no UTF-8: {error.reason} at byte {error.start}") from error


def _flow_documents(text: str, error: Exception) -> list[object]:
    """Return the documents of YAML that starts like JSON, or raise the *error* of JSON."""
    if isinstance(error, RecursionError):
        raise UnreadableError("nested too deeply") from error
    try:
        return _yaml_documents(text)
    except (*_FAULTS, RecursionError):
        raise UnreadableError(_one_line(error)) from error


def _yaml_documents(text: str) -> list[object]:
    found = [one for one in yaml.load_all(text, Loader=_Loader) if one is not None]
    if "&" in text:
        _limit_values(found)
    return found


def _limit_values(documents: Iterable[object]) -> None:
    """Raise an error if aliases make the documents too large, or an alias is in itself."""
    waiting, count = list(documents), 0
    while waiting:
        one = waiting.pop()
        count += 1
        if count > _MOST_VALUES:
            raise ValueError(f"aliases stand for more than {_MOST_VALUES} values")
        if isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
