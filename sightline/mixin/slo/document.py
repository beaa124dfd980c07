"""YAML documents: fields with their type and line. Keys that were not read are errors."""

import difflib
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

import yaml

from sightline.mixin.slo import nodes, promql, templates
from sightline.mixin.slo.objective import SloError

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?")
_RESERVED: Final = frozenset({"__name__", "alertname", "job", "le", "sli", "slo", "window"})
_NULL: Final = "tag:yaml.org,2002:null"
_FLAG: Final = "tag:yaml.org,2002:bool"
_NAMES: Final = {"map": "a mapping", "seq": "a list", "str": "a text", "null": "nothing"}


class Fields:
    """Mapping of a document. Every access names a key, and `finish` rejects the other keys."""

    def __init__(self, node: yaml.MappingNode, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        self._line = nodes.line(node)
        self._nodes: dict[str, yaml.Node] = {}
        self._read: set[str] = set()
        for key, value in node.value:
            if key.value in self._nodes:
                raise self._problem(nodes.line(key), f"key {key.value!r} is given twice")
            self._nodes[key.value] = value

    def __contains__(self, key: str) -> bool:
        """Return true if *key* is present and not null."""
        return key in self._nodes and self._nodes[key].tag != _NULL

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self._path}:{self._line}"

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text. A number is accepted where its spelling is the text."""
        node = self._scalar(key, default)
        if node is None:
            return cast("str", default)
        text = str(node.value).strip()
        if not text:
            raise self._expected(node, key, "a text", "an empty one")
        return text

    def ratio(self, key: str, default: Fraction | None = None) -> Fraction:
        """Return a number exactly as it is written."""
        node = self._scalar(key, default)
        if node is None:
            return cast("Fraction", default)
        if not _NUMBER.fullmatch(node.value):
            raise self._expected(node, key, "a number", repr(node.value))
        return Fraction(node.value)

    def count(self, key: str, default: int) -> int:
        """Return a whole number of at least 0."""
        value = self.ratio(key, Fraction(default))
        if value < 0 or value.denominator != 1:
            raise self.problem(key, f"{key} {float(value):g}: expected a whole number")
        return int(value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        node = self._scalar(key, default)
        if node is None:
            return default
        if node.tag != _FLAG:
            raise self._expected(node, key, "true or false", repr(node.value))
        return str(node.value).lower() in {"true", "yes", "on"}

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, empty without the key."""
        return tuple(
            str(self._as_scalar(item, key, "a list of texts").value)
            for item in self._items(key, "a list of texts")
        )

    def labels(self, key: str) -> dict[str, str]:
        """Return a mapping of label names to texts, empty without the key."""
        labels = self.annotations(key)
        for name in labels.keys() & _RESERVED:
            raise self.problem(key, f"{key}: {name!r} cannot be the name of a label here")
        return labels

    def annotations(self, key: str, *, prefix: str = "") -> dict[str, str]:
        """Return a mapping of names to texts or templates of alerts, empty without the key.

        Only keys with *prefix* are returned, without it.
        """
        given = self.table(key).items()
        texts = {name[len(prefix) :]: text for name, text in given if name.startswith(prefix)}
        for name, text in texts.items():
            if not promql.is_label(name):
                raise self.problem(key, f"{key}: {name!r} cannot be the name of a label here")
            try:
                templates.check(text)
            except ValueError as error:
                raise self.section(key).problem(prefix + name, f"{key}: {name}: {error}") from error
        return texts

    def table(self, key: str) -> dict[str, str]:
        """Return a mapping of texts to texts, empty without the key."""
        if key not in self:
            self._read.add(key)
            return {}
        section = self.section(key)
        return {name: section.text(name) for name in section.names()}

    def section(self, key: str) -> "Fields":
        """Return the mapping at *key*."""
        node = self._as_mapping(self._node(key), key, "a mapping")
        return Fields(node, self._path, key)

    def optional_section(self, key: str) -> "Fields":
        """Return the mapping at *key*, or an empty one."""
        if key in self:
            return self.section(key)
        self._read.add(key)
        return Fields(yaml.MappingNode("tag:yaml.org,2002:map", []), self._path, key)

    def sections(self, key: str) -> Iterator["Fields"]:
        """Yield the mappings of the list at *key*, which has at least one."""
        found = tuple(self._items(key, "a list of mappings"))
        if not found:
            raise self.problem(key, f"{key}: expected at least one entry")
        for item in found:
            node = self._as_mapping(item, key, "a list of mappings")
            yield Fields(node, self._path, key)

    def names(self) -> Sequence[str]:
        """Return the keys in their order."""
        return tuple(self._nodes)

    def ignore(self, *keys: str) -> None:
        """Accept *keys*, whose values have no meaning for rules."""
        self._read.update(keys)

    def finish(self) -> None:
        """Reject keys that were not read.

        Raises:
            SloError: Names the key, its line and the nearest expected key.
        """
        for key, node in self._nodes.items():
            if key not in self._read:
                near = difflib.get_close_matches(key, self._read, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"expected {self._expectation()}"
                raise self._problem(
                    nodes.line(node), f"unknown key {key!r} in {self._name}: {hint}"
                )

    def problem(self, key: str, text: str) -> SloError:
        """Return an error at the line of *key*, or at the mapping if it has no such key."""
        return self._problem(
            nodes.line(self._nodes[key]) if key in self._nodes else self._line, text
        )

    def _expectation(self) -> str:
        return f"one of {', '.join(sorted(self._read))}" if self._read else "no keys"

    def _node(self, key: str) -> yaml.Node:
        self._read.add(key)
        if key not in self:
            raise self.problem(key, f"{self._name} has no {key!r}, which is required")
        return self._nodes[key]

    def _scalar(self, key: str, default: object) -> yaml.ScalarNode | None:
        self._read.add(key)
        if key not in self and default is not None:
            return None
        return self._as_scalar(self._node(key), key, "a single value")

    def _items(self, key: str, expected: str) -> Sequence[yaml.Node]:
        self._read.add(key)
        if key not in self:
            return ()
        node = self._nodes[key]
        if not isinstance(node, yaml.SequenceNode):
            raise self._mismatch(node, key, expected)
        return tuple(node.value)

    def _as_scalar(self, node: yaml.Node, key: str, expected: str) -> yaml.ScalarNode:
        if not isinstance(node, yaml.ScalarNode) or node.tag == _NULL:
            raise self._mismatch(node, key, expected)
        return node

    def _as_mapping(self, node: yaml.Node, key: str, expected: str) -> yaml.MappingNode:
        if not isinstance(node, yaml.MappingNode):
            raise self._mismatch(node, key, expected)
        return node

    def _mismatch(self, node: yaml.Node, key: str, expected: str) -> SloError:
        kind = _NAMES.get(node.tag.rpartition(":")[2], repr(node.value))
        return self._expected(node, key, expected, kind)

    def _expected(self, node: yaml.Node, key: str, expected: str, found: str) -> SloError:
        return self._problem(nodes.line(node), f"{key}: expected {expected}, found {found}")

    def _problem(self, line: int, text: str) -> SloError:
        return SloError(f"{self._path}:{line}: {text}")


def read_documents(path: Path) -> tuple[Fields, ...]:
    """Return every document of the file *path* that is not empty.

    Raises:
        SloError: The file cannot be read, is not YAML, or has a document that is not a mapping.
    """
    return tuple(_document(node, path) for node in nodes.read(path))


def _document(node: yaml.Node, path: Path) -> Fields:
    if not isinstance(node, yaml.MappingNode):
        raise SloError(f"{path}:{nodes.line(node)}: expected a mapping with objectives")
    return Fields(node, path, "the document")
