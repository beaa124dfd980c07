"""Remote sampler: polls a Jaeger collector for sampling strategies.

Before the first response, a fixed ratio of traces is sampled. When the collector is down, the last
valid strategy stays in force. Source: OpenTelemetry specification, "JaegerRemoteSampler".
"""

from __future__ import annotations

import http.client
import json
import logging
import threading
import time
from dataclasses import dataclass
from random import SystemRandom
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from instrumentation._sampling.sampler import RatioSampler
from instrumentation._sampling.strategies import Probabilistic, Strategy, parse_strategy
from instrumentation._settings import environment
from instrumentation._support.fork import register_after_fork
from instrumentation._support.http import Connection
from instrumentation._support.redaction import escape_for_log
from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from prometheus_client import Counter

LOGGER: Final = logging.getLogger("instrumentation.sampling")

FETCH_SECONDS: Final = 5.0
"""Timeout of a request to the collector."""

RETRY_SECONDS: Final = 5.0
"""Maximum polling interval after a failure, because the collector may start after the service."""

_MAX_ANSWER_BYTES: Final = 1024 * 1024
_VARIABLE: Final = "OTEL_TRACES_SAMPLER_ARG"
_JITTER: Final = SystemRandom()
"""Leaves the service's `random` alone, and differs between forked workers."""
_KEYS: Final = ("endpoint", "pollingIntervalMs", "initialSamplingRate")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteArguments:
    """Arguments of the sampler.

    Format: ``endpoint=http://localhost:5778,pollingIntervalMs=60000,initialSamplingRate=0.001``.
    """

    endpoint: str
    """URL of the strategies; ``/sampling`` is appended when it has no path."""
    polling_interval_seconds: float
    initial_ratio: float
    """Ratio of traces sampled before the first response."""

    @classmethod
    def parse(cls, argument: str) -> RemoteArguments:
        """Parse the value of OTEL_TRACES_SAMPLER_ARG.

        Raises:
            ConfigurationError: Contains variable, value and expectation.
        """
        given = environment.key_values({_VARIABLE: argument}, _VARIABLE)
        unknown = sorted(set(given) - set(_KEYS))
        if unknown:
            raise ConfigurationError(
                f"{_VARIABLE}={argument!r}: {unknown[0]!r} is unknown; expected {', '.join(_KEYS)}"
            )
        try:
            interval_millis = environment.number(given, "pollingIntervalMs", 60_000, minimum=100)
            ratio = environment.read(
                given, "initialSamplingRate", 0.001, parse=_ratio, expected="a ratio from 0 to 1"
            )
            return cls(
                endpoint=_endpoint(given.get("endpoint", "http://localhost:5778")),
                polling_interval_seconds=interval_millis / 1000,
                initial_ratio=ratio,
            )
        except ConfigurationError as error:
            raise ConfigurationError(f"{_VARIABLE}: {error}") from None


class RemoteSampler(RatioSampler):
    """Sampler of new traces by the collector's strategy for *service*.

    Args:
        arguments: Endpoint, polling interval and initial ratio.
        service: Service name in the request.
        parent_based: Apply a parent's decision.
        started_counter: Returns the counter of spans by parent's origin and sampling result.
    """

    needs_name = True

    def __init__(
        self,
        arguments: RemoteArguments,
        *,
        service: str,
        parent_based: bool,
        started_counter: Callable[[str, str], Counter],
    ) -> None:
        super().__init__(
            arguments.initial_ratio, parent_based=parent_based, started_counter=started_counter
        )
        self._arguments = arguments
        self._client = _StrategyClient(arguments.endpoint, service)
        self._sample: Strategy = Probabilistic(arguments.initial_ratio)
        self._strategy: Strategy = self._sample
        """Strategy in force; in a forked child, the parent's until the child polls."""
        self._last_response: object = None
        self._failing = False
        self._start()
        register_after_fork(self._stop_until_used)

    def sample_root(self, trace_id: int, name: str) -> bool:
        """Return the strategy's decision for a new trace."""
        return self._sample(trace_id, name)

    def close(self) -> None:
        """Stop polling; the last strategy stays in force."""
        self._closed.set()

    def get_description(self) -> str:
        """Return the SDK's description of the sampler."""
        return f"JaegerRemoteSampler{{{self._arguments.endpoint}}}"

    def _stop_until_used(self) -> None:
        """Postpone polling in a forked child until its first sampling decision."""
        if not self._closed.is_set() and self._sample != self._sample_first_in_child:
            self._strategy, self._sample = self._sample, self._sample_first_in_child

    def _sample_first_in_child(self, trace_id: int, name: str) -> bool:
        self._sample = self._strategy
        self._start()
        return self._sample(trace_id, name)

    def _start(self) -> None:
        self._closed = threading.Event()
        threading.Thread(target=self._poll, name="remote-sampler", daemon=True).start()

    def _poll(self) -> None:
        closed = self._closed
        while not closed.is_set():
            self._refresh()
            interval = self._arguments.polling_interval_seconds
            pause = min(interval, RETRY_SECONDS) if self._failing else interval
            closed.wait(pause * _JITTER.uniform(0.9, 1.1))

    def _refresh(self) -> None:
        try:
            response = self._client.fetch()
            if response != self._last_response:  # the same again must not refill a rate limit
                self._sample, self._last_response = parse_strategy(response), response
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            self._report_failure(error)
        else:
            self._report_recovery()

    def _report_failure(self, error: Exception) -> None:
        if not self._failing:
            self._failing = True
            LOGGER.warning(
                "cannot fetch sampling strategies from %s (%s). The last valid strategy stays in "
                "force, or initialSamplingRate if there is none. Check the endpoint in "
                "OTEL_TRACES_SAMPLER_ARG",
                self._arguments.endpoint,
                escape_for_log(str(error)),
            )

    def _report_recovery(self) -> None:
        if self._failing:
            self._failing = False
            LOGGER.warning(
                "sampling strategies are available from %s again", self._arguments.endpoint
            )


class _StrategyClient:
    """Client for the strategies of one service."""

    def __init__(self, endpoint: str, service: str) -> None:
        self._url = urlsplit(endpoint)
        path = self._url.path.rstrip("/") or "/sampling"
        self._target = f"{path}?service={quote(service, safe='')}"

    def fetch(self) -> dict[str, Any]:
        """Return the collector's response.

        Raises:
            OSError: The collector cannot be reached in time.
            http.client.HTTPException: The response is not valid HTTP.
            ValueError: The status is not 200, or the body is not a JSON object.
        """
        connection = Connection(self._url, _tls() if self._url.scheme == "https" else None)
        connection.deadline = time.monotonic() + FETCH_SECONDS
        try:
            connection.request("GET", self._target, headers={"accept": "application/json"})
            response = connection.getresponse()
            body = response.read(_MAX_ANSWER_BYTES)
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise ValueError(f"HTTP {response.status}")
        found = json.loads(body)
        if not isinstance(found, dict):
            raise ValueError("the response is not a JSON object")  # noqa: TRY004  one class for all
        return found


def _endpoint(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ConfigurationError(f"endpoint={value!r}: expected a URL like http://localhost:5778")
    return value


def _ratio(value: str) -> float:
    ratio = float(value)
    Probabilistic(ratio)
    return ratio


def _tls() -> ssl.SSLContext:
    import ssl

    return ssl.create_default_context()
