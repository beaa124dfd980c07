"""Sampling as a Jaeger collector says, asked for again and again.

Until the collector first answers, a ratio of traces is sampled; while it does not, the last good
strategy stays. Source: OpenTelemetry specification, "JaegerRemoteSampler".
"""

import http.client
import json
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from prometheus_client import Counter

from instrumentation._sampling.sampler import RatioSampler
from instrumentation._sampling.strategies import Probabilistic, Strategy, strategy
from instrumentation._settings import environment
from instrumentation._support.fork import in_child
from instrumentation._support.http import Connection
from instrumentation._support.redaction import printable
from instrumentation.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

LOGGER: Final = logging.getLogger("instrumentation.sampling")

FETCH_SECONDS: Final = 5.0
"""Longest a collector may take to answer."""

RETRY_SECONDS: Final = 5.0
"""After a failure, where the polling interval is longer: a collector may start after us."""

_MAX_ANSWER_BYTES: Final = 1024 * 1024
_VARIABLE: Final = "OTEL_TRACES_SAMPLER_ARG"
_KEYS: Final = ("endpoint", "pollingIntervalMs", "initialSamplingRate")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteArguments:
    """``endpoint=http://localhost:5778,pollingIntervalMs=60000,initialSamplingRate=0.001``."""

    endpoint: str
    """URL of the strategies; ``/sampling`` where it has no path."""
    polling_interval_seconds: float
    initial_ratio: float
    """Share of traces sampled until the collector first answered."""

    @classmethod
    def parse(cls, argument: str) -> "RemoteArguments":
        """Read the value of OTEL_TRACES_SAMPLER_ARG.

        Raises:
            ConfigurationError: Names variable, value and expectation.
        """
        given = environment.pairs({_VARIABLE: argument}, _VARIABLE)
        unknown = sorted(set(given) - set(_KEYS))
        if unknown:
            raise ConfigurationError(
                f"{_VARIABLE}={argument!r}: {unknown[0]!r} is unknown; expected {', '.join(_KEYS)}"
            )
        try:
            interval_millis = environment.number(given, "pollingIntervalMs", 60_000, minimum=100)
            ratio = environment.parsed(
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
    """Samples new traces by the strategy of *service* that a collector serves.

    Args:
        arguments: Where the collector is, how often to ask it.
        service: The name it knows us by.
        parent_based: Whether a parent's decision is followed.
        started: Gives the counter of spans by origin of the parent and sampling result.
    """

    reads_name = True

    def __init__(
        self,
        arguments: RemoteArguments,
        *,
        service: str,
        parent_based: bool,
        started: Callable[[str, str], Counter],
    ) -> None:
        super().__init__(arguments.initial_ratio, parent_based=parent_based, started=started)
        self._arguments = arguments
        self._strategies = _Strategies(arguments.endpoint, service)
        self._decide: Strategy = Probabilistic(arguments.initial_ratio)
        self._strategy: Strategy = self._decide
        """The strategy in force, until a forked child starts."""
        self._answer: object = None
        self._failing = False
        self._start()
        in_child(self._wait_for_use)

    def root(self, trace_id: int, name: str) -> bool:
        """What the strategy says about a new trace."""
        return self._decide(trace_id, name)

    def close(self) -> None:
        """Ask no more; the last strategy stays."""
        self._closed.set()

    def get_description(self) -> str:
        """What the sampler does, in the SDK's words."""
        return f"JaegerRemoteSampler{{{self._arguments.endpoint}}}"

    def _wait_for_use(self) -> None:
        """Ask again in a forked child, but not before it has a trace to decide on."""
        if not self._closed.is_set() and self._decide != self._first:
            self._strategy, self._decide = self._decide, self._first

    def _first(self, trace_id: int, name: str) -> bool:
        self._decide = self._strategy
        self._start()
        return self._decide(trace_id, name)

    def _start(self) -> None:
        self._closed = threading.Event()
        threading.Thread(target=self._poll, name="remote-sampler", daemon=True).start()

    def _poll(self) -> None:
        closed = self._closed
        while not closed.is_set():
            self._refresh()
            interval = self._arguments.polling_interval_seconds
            pause = min(interval, RETRY_SECONDS) if self._failing else interval
            closed.wait(pause * random.uniform(0.9, 1.1))  # noqa: S311  spreads load

    def _refresh(self) -> None:
        try:
            answer = self._strategies.fetch()
            if answer != self._answer:  # the same again must not refill a rate limit
                self._decide, self._answer = strategy(answer), answer
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            self._failed(error)
        else:
            self._succeeded()

    def _failed(self, error: Exception) -> None:
        if not self._failing:
            self._failing = True
            LOGGER.warning(
                "sampling strategies of %s cannot be had (%s); the last ones stay in force",
                self._arguments.endpoint,
                printable(str(error)),
            )

    def _succeeded(self) -> None:
        if self._failing:
            self._failing = False
            LOGGER.warning("sampling strategies of %s are back", self._arguments.endpoint)


class _Strategies:
    """The strategies of one service at one URL."""

    def __init__(self, endpoint: str, service: str) -> None:
        self._url = urlsplit(endpoint)
        path = self._url.path.rstrip("/") or "/sampling"
        self._target = f"{path}?service={quote(service, safe='')}"

    def fetch(self) -> dict[str, Any]:
        """The collector's answer.

        Raises:
            OSError: It cannot be reached, or not in time.
            http.client.HTTPException: It speaks no HTTP.
            ValueError: It answered an error, or no JSON object.
        """
        connection = Connection(self._url, _tls() if self._url.scheme == "https" else None)
        connection.deadline = time.monotonic() + FETCH_SECONDS
        try:
            connection.request("GET", self._target, headers={"accept": "application/json"})
            answer = connection.getresponse()
            body = answer.read(_MAX_ANSWER_BYTES)
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise ValueError(f"HTTP {answer.status}")
        found = json.loads(body)
        if not isinstance(found, dict):
            raise ValueError("the answer is no JSON object")  # noqa: TRY004  as any other wrong answer
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


def _tls() -> "ssl.SSLContext":
    import ssl  # noqa: PLC0415  costs 10 ms where it is not needed

    return ssl.create_default_context()
