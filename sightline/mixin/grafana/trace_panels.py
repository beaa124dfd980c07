"""Panels of the Jaeger data source: service graph and trace waterfall."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sightline.mixin.grafana.panels import Panel
from sightline.mixin.grafana.schema import Json
from sightline.mixin.grafana.targets import JAEGER, DependencyGraph, Target, TraceById


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMap(Panel):
    """Service graph: services as circles, calls as arrows."""

    kind: ClassVar[str] = "nodeGraph"
    datasource: ClassVar[Json] = JAEGER

    height: int = 9

    def targets(self) -> Sequence[Target]:
        """Return the query for the service graph."""
        return (DependencyGraph(),)

    def body(self) -> Json:
        """Return options for a layered layout."""
        return {
            "fieldConfig": {"defaults": {}, "overrides": []},
            "options": {"nodes": {}, "edges": {}, "layoutAlgorithm": "layered"},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall(Panel):
    """Spans of one trace."""

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
