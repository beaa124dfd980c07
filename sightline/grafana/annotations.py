"""Annotations of a dashboard."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sightline.grafana.values import items, obj, text

_PROMETHEUS: Final = "prometheus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A PromQL query whose results are marked on every time series panel."""

    name: str
    color: str
    expr: str
    title: str
    text: str


def read_annotations(raw: Mapping[str, Any]) -> Iterator[Annotation]:
    """Yield the enabled PromQL annotations of a dashboard file."""
    for one in items(obj(raw.get("annotations")).get("list")):
        kind = text(obj(one.get("datasource")).get("type")) or _PROMETHEUS
        if one.get("expr") and one.get("enable", True) and _PROMETHEUS in kind:
            name = text(one.get("name"))
            yield Annotation(
                name=name,
                color=text(one.get("iconColor")) or "blue",
                expr=text(one.get("expr")),
                title=text(one.get("titleFormat")) or name,
                text=text(one.get("textFormat")),
            )
