"""Panels of traces: the service graph, and one trace as a waterfall."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sightline.mixin.grafana.panels import Panel
from sightline.mixin.grafana.targets import JAEGER, DependencyGraph, Target, TraceById
from sightline.mixin.grafana.vocabulary import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMap(Panel):
    """Services as circles, calls as arrows."""

    kind: ClassVar[str] = "nodeGraph"
    datasource: ClassVar[Json] = JAEGER

    height: int = 9

    def targets(self) -> Sequence[Target]:
        """Return the query for the dependency graph."""
        return (DependencyGraph(),)

    def body(self) -> Json:
        """Return Grafana's options for a layered layout."""
        return {
            "fieldConfig": {"defaults": {}, "overrides": []},
            "options": {"nodes": {}, "edges": {}, "layoutAlgorithm": "layered"},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall(Panel):
    """The spans of one trace."""

    kind: ClassVar[str] = "traces"
    datasource: ClassVar[Json] = JAEGER

    height: int = 16
    trace: TraceById

    def targets(self) -> Sequence[Target]:
        """Return the query for the trace."""
        return (self.trace,)

    def body(self) -> Json:
        """Return empty options."""
        return {"fieldConfig": {"defaults": {}, "overrides": []}, "options": {}}
