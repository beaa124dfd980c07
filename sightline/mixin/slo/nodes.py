"""YAML nodes of a file, with their lines."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from sightline.mixin.slo.objective import SloError

_NULL: Final = "tag:yaml.org,2002:null"
_STANDARD: Final = "tag:yaml.org,2002:"
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_MAX_BYTES: Final = 4 * 1024 * 1024
"""Larger files are no objectives."""

_MAX_NODES: Final = 100_000
"""Nodes of a file with each alias expanded."""

_MAX_DEPTH: Final = 60


def read(path: Path) -> tuple[yaml.Node, ...]:
    """Return the root node of every document of *path* that is not empty, without merge keys.

    Raises:
        SloError: The file cannot be read, or is not YAML. The text names file and line.
    """
    try:
        return tuple(_compose(_content(path), path))
    except OSError as error:
        raise SloError(f"{path}: {error.strerror or error}: expected a file") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        number = mark.line + 1 if mark else 1
        problem = error.problem or error.context
        raise SloError(f"{path}:{number}: {problem}: expected YAML") from error
    except RecursionError:
        raise SloError(f"{path}:1: expected at most {_MAX_DEPTH} nested levels") from None


def line(node: yaml.Node) -> int:
    """Return the line of *node*, counted from 1."""
    return int(node.start_mark.line) + 1 if node.start_mark else 1


def _content(path: Path) -> str:
    """Return the text of *path*, which has only characters that YAML allows."""
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise SloError(f"{path}:1: expected at most {_MAX_BYTES // 1024 // 1024} MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise SloError(f"{path}:{number}: expected UTF-8") from error
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if found:
        number = text.count("\n", 0, found.start()) + 1
        raise SloError(f"{path}:{number}: expected no character {found[0]!r}")
    return text


def _compose(text: str, path: Path) -> Iterator[yaml.Node]:
    loader = yaml.SafeLoader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None and node.tag != _NULL:
                _check(node, path)
                _merge(loader, node, set())
                yield node
    finally:
        loader.dispose()


def _check(root: yaml.Node, path: Path) -> None:
    """Reject aliases that contain themselves or grow without limit, and tags of other programs."""
    stack, count = [(root, 1)], 0
    while stack:
        node, depth = stack.pop()
        count += 1
        if depth > _MAX_DEPTH or count > _MAX_NODES:
            raise SloError(
                f"{path}:{line(node)}: expected at most {_MAX_DEPTH} nested levels and "
                f"{_MAX_NODES} values, aliases included"
            )
        if not node.tag.startswith(_STANDARD):
            raise SloError(f"{path}:{line(node)}: expected no tag, found {node.tag}")
        if isinstance(node, yaml.ScalarNode) and _SURROGATE.search(node.value):
            raise SloError(f"{path}:{line(node)}: expected characters that UTF-8 can encode")
        if isinstance(node, yaml.MappingNode):
            _check_keys(node, path)
        stack += [(child, depth + 1) for child in _children(node)]


def _check_keys(node: yaml.MappingNode, path: Path) -> None:
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise SloError(f"{path}:{line(key)}: expected a text as the key")


def _children(node: yaml.Node) -> tuple[yaml.Node, ...]:
    match node:
        case yaml.MappingNode():
            return tuple(each for pair in node.value for each in pair)
        case yaml.SequenceNode():
            return tuple(node.value)
        case _:
            return ()


def _merge(loader: yaml.SafeLoader, node: yaml.Node, merged: set[int]) -> None:
    """Replace the merge keys (``<<``) below *node* by what they name, once for each alias."""
    if id(node) in merged:
        return
    merged.add(id(node))
    if isinstance(node, yaml.MappingNode):
        own = [pair for pair in node.value if pair[0].tag != f"{_STANDARD}merge"]
        loader.flatten_mapping(node)
        given = {key.value for key, _ in own}
        merged_pairs = {key.value: (key, value) for key, value in node.value[: -len(own) or None]}
        node.value = [pair for name, pair in merged_pairs.items() if name not in given] + own
    for child in _children(node):
        _merge(loader, child, merged)
