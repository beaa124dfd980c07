"""Reference page of the adoption file, from its JSON Schema."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

SCHEMA: Final = Path(__file__).resolve().parents[1] / "export" / "schema.json"
SOURCE: Final = "sightline/export/schema.json"

Row = tuple[str, str, str]
Schema = Mapping[str, Any]

_HEAD: Final = """\
# The adoption file

`--config` of the command `export` names it, see
[In your own Prometheus and Alertmanager](../how-to/existing-installation.md).
Every key may be left out, unless it is *required* within its section."""

_NAMES: Final = {"object": "mapping", "string": "text"}
_DEFINITIONS: Final = {"receiver": "Receiver", "interval": "Time"}
"""Titles of the definitions that several keys share."""


def blocks() -> Iterator[tuple[str, tuple[Row, ...]]]:
    """Yield the text before each table, and its rows: key, type with default, and meaning."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    yield _HEAD, tuple(_rows(schema))
    for name, title in _DEFINITIONS.items():
        definition = schema["$defs"][name]
        yield f"## {title}\n\n{definition['description']}", tuple(_rows(definition))


def _rows(schema: Schema, prefix: str = "") -> Iterator[Row]:
    required = schema.get("required", ())
    for key, value in schema.get("properties", {}).items():
        path = f"{prefix}{key}"
        yield f"`{path}`", _type(value, required=key in required), value["description"]
        yield from _rows(value, f"{path}.")
        for part, step in (("items", "[]"), ("additionalProperties", ".NAME")):
            below = value.get(part)
            if isinstance(below, dict):
                yield from _rows(below, f"{path}{step}.")


def _type(schema: Schema, *, required: bool) -> str:
    notes = [_name(schema)]
    if required:
        notes.append("*required*")
    if "default" in schema:
        notes.append(f"default `{json.dumps(schema['default'], ensure_ascii=False)}`")
    return ", ".join(notes)


def _name(schema: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{_DEFINITIONS[name].lower()})"
    if "anyOf" in schema:
        return " or ".join(str(each.get("const", each.get("type"))) for each in schema["anyOf"])
    if schema["type"] == "array":
        return f"list of {_name(schema['items'])}"
    return _NAMES.get(schema["type"], "number")
