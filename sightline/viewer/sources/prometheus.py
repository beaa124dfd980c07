"""Client of Prometheus' HTTP API.

Source: Prometheus documentation, "HTTP API".
"""

from collections.abc import Mapping
from typing import Any

from sightline.viewer.model.series import Exemplar, Series
from sightline.viewer.sources.upstream import Params, SourceError, Upstream, unexpected_answer


class Prometheus:
    """Client of the queries of panels, variables and annotations."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream

    async def instant(self, expr: str, *, at: float) -> list[Series]:
        """Return the value of *expr* at one time, in seconds since the epoch.

        Raises:
            SourceError: Prometheus gave no usable answer; also below.
        """
        data = await self._query("query", {"query": expr, "time": f"{at:.3f}"})
        if _kind(data) in {"scalar", "string"}:
            return [Series(labels={}, samples=[_sample(data["result"])])]
        return _series(data)

    async def range(self, expr: str, *, start: float, end: float, step: float) -> list[Series]:
        """Return the values of *expr* every *step* seconds."""
        times = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        return _series(await self._query("query_range", {"query": expr, **times}))

    async def exemplars(self, expr: str, *, start: float, end: float) -> list[Exemplar]:
        """Return the exemplars of every series in *expr*."""
        times = {"start": f"{start:.3f}", "end": f"{end:.3f}"}
        data = await self._query("query_exemplars", {"query": expr, **times})
        try:
            return [
                Exemplar(
                    labels=one["labels"],
                    series=entry["seriesLabels"],
                    seconds=float(one["timestamp"]),
                    value=float(one["value"]),
                )
                for entry in data or ()
                for one in entry["exemplars"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise unexpected_answer("Prometheus", error) from error

    async def label_values(self, label: str, match: str, *, start: float, end: float) -> list[str]:
        """Return the values of *label* in the series selected by *match*, or in all series."""
        return await self._words(f"/api/v1/label/{label}/values", match, start, end)

    async def label_names(self, match: str, *, start: float, end: float) -> list[str]:
        """Return the label names of the series selected by *match*."""
        return await self._words("/api/v1/labels", match, start, end)

    async def alerts(self) -> list[Mapping[str, Any]]:
        """Return the pending and firing alerts, with labels and annotations of their rules."""
        data = _data(await self.upstream.get("/api/v1/alerts"))
        return list(data["alerts"]) if isinstance(data, Mapping) and "alerts" in data else []

    async def rules(self) -> list[Mapping[str, Any]]:
        """Return the groups of alerting rules."""
        data = _data(await self.upstream.get("/api/v1/rules", {"type": "alert"}))
        return list(data["groups"]) if isinstance(data, Mapping) and "groups" in data else []

    async def _query(self, path: str, form: Mapping[str, str]) -> Any:
        return _data(await self.upstream.post(f"/api/v1/{path}", form))

    async def _words(self, path: str, match: str, start: float, end: float) -> list[str]:
        params: Params = [("start", f"{start:.0f}"), ("end", f"{end:.0f}")]
        data = _data(
            await self.upstream.get(path, [*params, *([("match[]", match)] * bool(match))])
        )
        if not isinstance(data, list):
            raise unexpected_answer("Prometheus", data)
        return [str(one) for one in data]


def _data(answer: object) -> Any:
    if not isinstance(answer, Mapping) or "status" not in answer:
        raise unexpected_answer("Prometheus", answer)
    if answer["status"] != "success":
        raise SourceError(f"Prometheus answered: {answer.get('error', 'no reason given')}")
    return answer.get("data")


def _kind(data: object) -> str:
    return str(data.get("resultType")) if isinstance(data, Mapping) else ""


def _series(data: object) -> list[Series]:
    try:
        return [
            Series(
                labels=one["metric"],
                samples=[_sample(pair) for pair in one.get("values") or [one["value"]]],
            )
            for one in data["result"]  # type: ignore[index]  # other shapes are caught below
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unexpected_answer("Prometheus", error) from error


def _sample(pair: Any) -> tuple[float, float]:
    seconds, value = pair
    return float(seconds), float(value)
