"""Panels that draw traces: who calls whom, and one trace as a waterfall."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sightline.mixin.grafana.panels import Panel
from sightline.mixin.grafana.targets import JAEGER, DependencyGraph, Target, TraceById
from sightline.mixin.grafana.words import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMap(Panel):
    """Services as circles, calls as arrows."""

    kind: ClassVar[str] = "nodeGraph"

    height: int = 9

    def targets(self) -> Sequence[Target]:
        """The data source's dependency graph."""
        return (DependencyGraph(),)

    def datasource(self) -> Json:
        """Traces come from Jaeger."""
        return JAEGER

    def body(self) -> Json:
        """Grafana lays the graph out."""
        return {
            "fieldConfig": {"defaults": {}, "overrides": []},
            "options": {"nodes": {}, "edges": {}, "layoutAlgorithm": "layered"},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall(Panel):
    """The spans of one trace."""

    kind: ClassVar[str] = "traces"

    height: int = 16
    trace: TraceById

    def targets(self) -> Sequence[Target]:
        """That trace."""
        return (self.trace,)

    def datasource(self) -> Json:
        """Traces come from Jaeger."""
        return JAEGER

    def body(self) -> Json:
        """Nothing to choose."""
        return {"fieldConfig": {"defaults": {}, "overrides": []}, "options": {}}
