"""Metric families of the table: their form, and histogram buckets."""

from __future__ import annotations

from typing import Any, Final, Literal

MetricType = Literal["counter", "gauge", "histogram", "info"]
Emitter = Literal["instrumentation", "services"]

DURATION_BUCKETS: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5),
    *(0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
)
"""Upper bounds in seconds. Source: semantic conventions, ``http.server.request.duration``."""

SHORT_DURATION_BUCKETS: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
    *(0.25, 0.5, 1.0, 2.5),
)
"""Upper bounds in seconds for durations below those of a request: loop delays, pauses, waits."""

SIZE_BUCKETS: Final = (0.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 8388608.0)
"""Upper bounds in bytes, factors of four; the last is a large upload."""


class Metric:
    """Metric family, as it is exported to Prometheus."""

    def __init__(  # noqa: PLR0913  one argument for each field
        self,
        *,
        name: str,
        type: MetricType,
        unit: str,
        help: str,
        labels: tuple[str, ...] = (),
        buckets: tuple[float, ...] = (),
        emitter: Emitter = "instrumentation",
        precreated: bool = False,
    ) -> None:
        self.name = name
        """Family name; without ``_total`` for a counter."""
        self.type: MetricType = type
        self.unit = unit
        """UCUM: ``s``, ``By``, ``1``, or an annotation like ``{request}``."""
        self.help = help
        self.labels = labels
        self.buckets = buckets
        """Upper bounds of a histogram, without ``+Inf``."""
        self.emitter = emitter
        """``instrumentation`` if the library emits the metric, ``services`` if services do."""
        self.precreated = precreated
        """True if series exist at 0 before the first event, so that ``increase()`` includes it."""

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the samples that Prometheus stores."""
        suffixes = _HISTOGRAM if self.type == "histogram" else (_SUFFIX[self.type],)
        return tuple(f"{self.name}{suffix}" for suffix in suffixes)


_HISTOGRAM = ("_bucket", "_count", "_sum")
_SUFFIX = {"counter": "_total", "gauge": "", "info": "_info"}


def counter(name: str, unit: str, text: str, *labels: str, **more: Any) -> Metric:
    """Return a counter. *more* are fields of `Metric`."""
    return Metric(name=name, type="counter", unit=unit, help=text, labels=labels, **more)


def gauge(name: str, unit: str, text: str, *labels: str, **more: Any) -> Metric:
    """Return a gauge. *more* are fields of `Metric`."""
    return Metric(name=name, type="gauge", unit=unit, help=text, labels=labels, **more)


def duration(name: str, text: str, *labels: str, **more: Any) -> Metric:
    """Return a histogram of durations in seconds. *more* are fields of `Metric`."""
    options = {"buckets": DURATION_BUCKETS, **more}
    return Metric(name=name, type="histogram", unit="s", help=text, labels=labels, **options)


def size(name: str, text: str, *labels: str) -> Metric:
    """Return a histogram of sizes in bytes."""
    return Metric(
        name=name, type="histogram", unit="By", help=text, labels=labels, buckets=SIZE_BUCKETS
    )
