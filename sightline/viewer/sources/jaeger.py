"""Client of Jaeger's query API (v1), as Grafana's data source uses it.

Source: facts of Jaeger 2.20: ``/api/services``, ``/api/traces``, ``/api/dependencies``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from sightline.viewer.model.trace import Trace
from sightline.viewer.sources.upstream import SourceError, Upstream, unexpected_answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Search parameters. Times are seconds since the epoch."""

    service: str
    start: float
    end: float
    operation: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    min_duration: str = ""
    """A duration like ``100ms``."""
    max_duration: str = ""
    limit: int = 20


class Jaeger:
    """Client of Jaeger's query API."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream

    async def services(self) -> list[str]:
        """Return every service with spans.

        Raises:
            SourceError: Jaeger gave no usable answer; also below.
        """
        return sorted(str(one) for one in await self._list("/api/services"))

    async def operations(self, service: str) -> list[str]:
        """Return the span names of *service*."""
        answer = await self._list(f"/api/services/{quote(service, safe='')}/operations")
        return sorted(str(one) for one in answer)

    async def search(self, search: Search) -> list[Trace]:
        """Return matching traces, newest first."""
        wanted = {
            "service": search.service,
            "operation": search.operation,
            "tags": json.dumps(dict(search.tags)) if search.tags else "",
            "minDuration": search.min_duration,
            "maxDuration": search.max_duration,
            "start": str(int(search.start * 1_000_000)),
            "end": str(int(search.end * 1_000_000)),
            "limit": str(search.limit),
        }
        params = {name: value for name, value in wanted.items() if value}
        traces = [_trace(one) for one in await self._list("/api/traces", params)]
        return sorted(traces, key=lambda one: one.start, reverse=True)

    async def trace(self, trace_id: str) -> Trace | None:
        """Return the trace with this id, or None."""
        answer = await self.upstream.get(f"/api/traces/{quote(trace_id, safe='')}")
        if isinstance(answer, Mapping) and not answer.get("data"):
            return None
        return _trace(_data(answer)[0])

    async def dependencies(
        self, *, end: float, lookback_seconds: float
    ) -> dict[tuple[str, str], float]:
        """Return the number of calls between services."""
        times = {"endTs": f"{end * 1000:.0f}", "lookback": f"{lookback_seconds * 1000:.0f}"}
        answer = await self._list("/api/dependencies", times)
        try:
            return {(one["parent"], one["child"]): float(one["callCount"]) for one in answer}
        except (KeyError, TypeError, ValueError) as error:
            raise unexpected_answer("Jaeger", answer) from error

    async def _list(self, path: str, params: Mapping[str, str] | None = None) -> list[Any]:
        return _data(await self.upstream.get(path, params or {}))


def _data(answer: object) -> list[Any]:
    if not isinstance(answer, Mapping):
        raise unexpected_answer("Jaeger", answer)
    errors = answer.get("errors")
    if errors:
        raise SourceError(f"Jaeger answered: {_messages(errors)}")
    data = answer.get("data")
    if data is not None and not isinstance(data, list):
        raise unexpected_answer("Jaeger", answer)
    return data or []


def _messages(errors: object) -> str:
    if isinstance(errors, list):
        return "; ".join(
            str(one.get("msg", one)) if isinstance(one, Mapping) else str(one) for one in errors
        )
    return str(errors)


def _trace(raw: object) -> Trace:
    try:
        return Trace.from_json(raw)  # type: ignore[arg-type]  # other shapes are caught below
    except (ValueError, TypeError) as error:
        raise unexpected_answer("Jaeger", raw) from error
