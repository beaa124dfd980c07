"""Remote sampling: strategies of jaeger/sampling.json in the format of Jaeger's sampling port.

Source: Jaeger, `internal/sampling/samplingstrategy/file`.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sightline.tracestore.query.responses import jaeger_app, json_answer, plain_text
from sightline.tracestore.storage.attributes import JSON

_log = logging.getLogger(__name__)

Strategy = dict[str, JSON]

EVERYTHING: Final[Mapping[str, Any]] = {"default_strategy": {"type": "probabilistic", "param": 1.0}}
"""Strategy without a file."""


class Strategies:
    """Strategies of a file, which is reloaded when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._modified_at: float | None = None
        self._document = EVERYTHING

    def strategy_of(self, service: str) -> Strategy:
        """Return the strategy of *service*, or the default.

        As in Jaeger, the operations of the default apply to every service.
        """
        self._reload()
        default = self._document.get("default_strategy") or EVERYTHING["default_strategy"]
        named = {
            strategy["service"]: strategy
            for strategy in self._document.get("service_strategies") or ()
        }
        return _strategy(named.get(service, default), default.get("operation_strategies") or ())

    def _reload(self) -> None:
        """Read the file if it changed; keep the previous strategies if it is invalid."""
        try:
            changed = self._path.stat().st_mtime
            if changed != self._modified_at:
                self._modified_at = changed
                document = json.loads(self._path.read_text(encoding="utf-8"))
                _check(document)
                self._document = document
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            _log.warning("%s: %s: keeping the previous sampling strategies", self._path, error)


def _check(document: Mapping[str, Any]) -> None:
    """Render every strategy once; an invalid document raises here."""
    default = document.get("default_strategy") or EVERYTHING["default_strategy"]
    for strategy in (default, *(document.get("service_strategies") or ())):
        _strategy(strategy, default.get("operation_strategies") or ())
    for strategy in document.get("service_strategies") or ():
        strategy["service"]


def _strategy(strategy: Mapping[str, Any], shared: Iterable[Mapping[str, Any]]) -> Strategy:
    own = strategy.get("operation_strategies") or []
    named = {str(each["operation"]): float(each["param"]) for each in (*shared, *own)}
    answer = _by_type(strategy)
    if named:
        limited = answer["strategyType"] == "RATE_LIMITING"
        answer["operationSampling"] = _operations(named, 1.0 if limited else _param(strategy))
    return answer


def _by_type(strategy: Mapping[str, Any]) -> Strategy:
    if strategy.get("type") == "ratelimiting":
        limit = {"maxTracesPerSecond": int(_param(strategy))}
        return {"strategyType": "RATE_LIMITING", "rateLimitingSampling": limit}
    rate = {"samplingRate": _param(strategy)}
    return {"strategyType": "PROBABILISTIC", "probabilisticSampling": rate}


def _param(strategy: Mapping[str, Any]) -> float:
    known = strategy.get("type") in {"probabilistic", "ratelimiting"}
    return float(strategy.get("param", 0)) if known else 1.0


def _operations(named: Mapping[str, float], default: float) -> Strategy:
    each: Sequence[JSON] = [
        {"operation": operation, "probabilisticSampling": {"samplingRate": rate}}
        for operation, rate in named.items()
    ]
    return {
        "defaultSamplingProbability": default,
        "defaultLowerBoundTracesPerSecond": 0,
        "perOperationStrategies": each,
        "defaultUpperBoundTracesPerSecond": 0,
    }


def sampling_app(strategies: Strategies) -> Starlette:
    """Return the application of the sampling port."""

    async def sampling(request: Request) -> Response:
        services = request.query_params.getlist("service")
        if len(services) != 1:
            return plain_text("'service' parameter must be provided once\n", 400)
        return json_answer(strategies.strategy_of(services[0]))

    return jaeger_app([Route(path, sampling) for path in ("/sampling", "/", "/api/sampling")])
