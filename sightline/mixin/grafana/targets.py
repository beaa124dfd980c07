"""Queries of panels, for the Prometheus and the Jaeger data source."""

from dataclasses import dataclass
from typing import Final

from sightline.mixin.grafana.schema import Json

PROMETHEUS: Final[Json] = {"type": "prometheus", "uid": "${prometheus_datasource}"}
JAEGER: Final[Json] = {"type": "jaeger", "uid": "${jaeger_datasource}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """PromQL range query over the dashboard's time range."""

    expr: str
    legend: str = "__auto"
    """Name of each series. ``{{label}}`` stands for the value of a label."""
    exemplars: bool = False
    """Show exemplars. Recorded series have none, only histograms do."""

    def json(self, ref: str) -> Json:
        """Return the target *ref*."""
        return _prometheus(ref, self, legend=self.legend, form="time_series")


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """Range query for a heatmap: rate of a classic histogram's buckets, summed by ``le``."""

    expr: str
    exemplars: bool = True

    def json(self, ref: str) -> Json:
        """Return the target *ref*."""
        return _prometheus(ref, self, legend="{{le}}", form="heatmap")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantQuery:
    """PromQL instant query at the end of the time range."""

    expr: str
    legend: str = "__auto"
    table: bool = False
    """Return labels as columns."""

    def json(self, ref: str) -> Json:
        """Return the target *ref*."""
        form = "table" if self.table else "time_series"
        return _prometheus(ref, self, legend=self.legend, form=form)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSearch:
    """Search for the newest matching traces. Every field may contain variables."""

    service: str
    operation: str = ""
    tags: str = ""
    """Span attributes in logfmt, like ``error=true``."""
    min_duration: str = ""
    limit: int = 20

    def json(self, ref: str) -> Json:
        """Return the target *ref*."""
        return {
            "refId": ref,
            "datasource": JAEGER,
            "queryType": "search",
            "service": self.service,
            "operation": self.operation,
            "tags": self.tags,
            "minDuration": self.min_duration,
            "maxDuration": "",
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceById:
    """Query for all spans of one trace."""

    trace_id: str

    def json(self, ref: str) -> Json:
        """Return the target *ref*. Without a query type, the data source expects a trace id."""
        return {"refId": ref, "datasource": JAEGER, "query": self.trace_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyGraph:
    """Query for calls between services, which Jaeger counts from traces."""

    def json(self, ref: str) -> Json:
        """Return the target *ref*."""
        return {"refId": ref, "datasource": JAEGER, "queryType": "dependencyGraph"}


def ref_id(index: int) -> str:
    """Return Grafana's refId of the target at *index*: A, B, C."""
    return chr(ord("A") + index)


Target = Query | Buckets | InstantQuery | TraceSearch | TraceById | DependencyGraph


def _prometheus(ref: str, query: Query | Buckets | InstantQuery, *, legend: str, form: str) -> Json:
    instant = isinstance(query, InstantQuery)
    return {
        "refId": ref,
        "datasource": PROMETHEUS,
        "editorMode": "code",
        "expr": query.expr.strip(),
        "legendFormat": legend,
        "range": not instant,
        "instant": instant,
        "format": form,
        "exemplar": not isinstance(query, InstantQuery) and query.exemplars,
    }
