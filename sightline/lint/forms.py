"""Dashboards, rules and data sources inside documents.

A document may be the thing itself, an answer of Grafana's API, or a resource of Kubernetes: of
Grafana, of its operator, of the Prometheus operator, a config map, or a list of these.
"""

import base64
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final, Literal, TypeAlias

from sightline.grafana.values import items, obj, text
from sightline.lint import documents

_GZIP: Final = zlib.MAX_WBITS | 16
"""Window of `zlib.decompressobj` for the format gzip."""

Json: TypeAlias = Mapping[str, Any]
Kind = Literal["dashboard", "panel", "rules", "sources"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Content that is linted."""

    kind: Kind
    content: Json
    where: str = ""
    """Location in the file; empty if the file is nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Content that is not linted, with the reason."""

    where: str
    reason: str
    malformed: bool = False
    """The text is neither JSON nor YAML."""


Found: TypeAlias = Iterator[Part | Unread]


def parts(found: Sequence[object]) -> Found:
    """Yield the parts of the documents of a file."""
    for number, document in enumerate(found, start=1):
        yield from _parts(document, f"document {number}" if len(found) > 1 else "")


def _parts(document: object, where: str) -> Found:
    if isinstance(document, list):
        for number, item in enumerate(document, start=1):
            yield from _parts(item, _inside(where, f"item {number}"))
    elif isinstance(document, Mapping):
        yield from _READERS.get(text(document.get("kind")), _plain)(document, where)


def _plain(raw: Json, where: str) -> Found:
    """Read what is no resource of Kubernetes."""
    if isinstance(raw.get("dashboard"), Mapping):
        yield from _plain(raw["dashboard"], where)
    elif "elements" in raw and "layout" in raw:
        yield Unread(
            where=where, reason="a dashboard of schema v2: only the classic schema is read"
        )
    elif "panels" in raw or "schemaVersion" in raw or {"rows", "title"} <= raw.keys():
        yield Part(kind="dashboard", content=raw, where=where)
    elif isinstance(raw.get("groups"), list):
        yield from _rules(raw, where)
    elif isinstance(raw.get("datasources"), list):
        yield Part(kind="sources", content=raw, where=where)
    else:
        yield from _library_panel(raw, where)


def _rules(raw: Json, where: str) -> Found:
    rules = [rule for group in items(raw["groups"]) for rule in items(group.get("rules"))]
    if any(not rule.keys().isdisjoint({"expr", "alert", "record"}) for rule in rules):
        yield Part(kind="rules", content=raw, where=where)
    elif any({"condition", "data"} <= rule.keys() for rule in rules):
        yield Unread(where=where, reason="alerts of Grafana: only rules of Prometheus are read")


def _library_panel(raw: Json, where: str) -> Found:
    element = raw["result"] if isinstance(raw.get("result"), Mapping) else raw
    model = obj(element.get("model"))
    if model.get("type"):
        yield Part(kind="panel", content=model, where=where)


def _list(raw: Json, where: str) -> Found:
    yield from _parts(list(items(raw.get("items"))), where)


def _spec(raw: Json, where: str) -> Found:
    yield from _plain(obj(raw.get("spec")), where)


def _grafana_resource(raw: Json, where: str) -> Found:
    """Read a dashboard of Grafana's API, whose name is the uid."""
    uid = text(obj(raw.get("metadata")).get("name"))
    yield from _plain({"uid": uid, **obj(raw.get("spec"))}, where)


def _operator_resource(raw: Json, where: str) -> Found:
    spec = obj(raw.get("spec"))
    if isinstance(spec.get("json"), str):
        yield from _nested(spec["json"], _inside(where, "spec.json"))
    elif isinstance(spec.get("gzipJson"), str):
        yield from _compressed(spec["gzipJson"], _inside(where, "spec.gzipJson"))
    else:
        elsewhere = ", ".join(sorted(map(str, spec))) or "nothing"
        yield Unread(
            where=where, reason=f"the dashboard is outside of this file: spec has {elsewhere}"
        )


def _operator_source(raw: Json, where: str) -> Found:
    source = obj(raw.get("spec")).get("datasource")
    yield Part(kind="sources", content={"datasources": [source]}, where=where)


def _config_map(raw: Json, where: str) -> Found:
    for name, content in obj(raw.get("data")).items():
        if isinstance(content, str) and PurePath(str(name)).suffix in documents.SUFFIXES:
            yield from _nested(content, _inside(where, f'data "{name}"'))


def _compressed(content: str, where: str) -> Found:
    try:
        plain = _decompress(content)
    except (zlib.error, ValueError) as error:
        yield Unread(where=where, reason=str(error), malformed=True)
    else:
        yield from _nested(plain, where)


def _decompress(content: str) -> str:
    inflater = zlib.decompressobj(_GZIP)
    plain = inflater.decompress(base64.b64decode(content), documents.LARGEST_BYTES)
    if not inflater.eof:
        raise ValueError(f"gzip that is truncated or larger than {documents.LARGEST_BYTES} bytes")
    return plain.decode()


def _nested(content: str, where: str) -> Found:
    """Read the documents of a text inside a document."""
    try:
        found = documents.parse(content)
    except documents.UnreadableError as error:
        yield Unread(where=where, reason=str(error), malformed=True)
        return
    for document in found:
        yield from _parts(document, where)


def _inside(where: str, more: str) -> str:
    return f"{where}, {more}" if where else more


_READERS: Final[Mapping[str, Callable[[Json, str], Found]]] = {
    "ConfigMap": _config_map,
    "ConfigMapList": _list,
    "Dashboard": _grafana_resource,
    "DashboardList": _list,
    "GrafanaDashboard": _operator_resource,
    "GrafanaDatasource": _operator_source,
    "GrafanaLibraryPanel": _operator_resource,
    "List": _list,
    "PrometheusRule": _spec,
    "PrometheusRuleList": _list,
}
"""Readers of resources by ``kind``."""
