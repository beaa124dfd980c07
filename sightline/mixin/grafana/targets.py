"""Queries of panels: PromQL, or a query type of Grafana's Jaeger data source."""

from dataclasses import dataclass
from typing import Final

from sightline.mixin.grafana.vocabulary import Json

PROMETHEUS: Final[Json] = {"type": "prometheus", "uid": "${prometheus_datasource}"}
JAEGER: Final[Json] = {"type": "jaeger", "uid": "${jaeger_datasource}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """PromQL over the dashboard's time range."""

    expr: str
    legend: str = "__auto"
    """Name of each series; ``{{label}}`` is replaced."""
    exemplars: bool = False
    """Show exemplars. Only raw histograms have them, recorded series do not."""

    def json(self, ref: str) -> Json:
        """Return the target *ref*."""
        return _prometheus(ref, self, legend=self.legend, form="time_series")


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """A classic histogram over time, summed by ``le``, for a heatmap."""

    expr: str
    exemplars: bool = True

    def json(self, ref: str) -> Json:
        """Return the target *ref*."""
        return _prometheus(ref, self, legend="{{le}}", form="heatmap")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantQuery:
    """PromQL at the end of the time range."""

    expr: str
    legend: str = "__auto"
    table: bool = False
    """Turn labels into columns."""

    def json(self, ref: str) -> Json:
        """Return the target *ref*."""
        form = "table" if self.table else "time_series"
        return _prometheus(ref, self, legend=self.legend, form=form)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSearch:
    """Newest matching traces; variables are substituted in every field."""

    service: str
    operation: str = ""
    tags: str = ""
    """Logfmt, like ``error=true``."""
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
    """All spans of one trace."""

    trace_id: str

    def json(self, ref: str) -> Json:
        """Return the target *ref*; the data source reads a missing query type as a trace id."""
        return {"refId": ref, "datasource": JAEGER, "query": self.trace_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyGraph:
    """Calls between services, counted from traces."""

    def json(self, ref: str) -> Json:
        """Return the target *ref*."""
        return {"refId": ref, "datasource": JAEGER, "queryType": "dependencyGraph"}


def letter(index: int) -> str:
    """Return Grafana's name of the target with this index: A, B, C."""
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
