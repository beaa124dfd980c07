"""Span loss: comparison of exported spans with received or stored spans."""

from typing import Final

from instrumentation import conventions
from sightline.mixin import queries

MIN_SPANS: Final = 2000
"""Number of spans below which the ratio is noise, because two targets are scraped at different
times."""


def loss_ratio(received: str) -> str:
    """Return PromQL for the ratio of exported spans that counter *received* lacks.

    Both sides contain all services, because a collector does not count by service.
    """
    exported = queries.increase(
        f"{conventions.OTEL_SDK_EXPORTER_SPAN_EXPORTED}_total",
        by=(),
        where='error_type=""',
        window="$__range",
    )
    arrived = queries.increase(received, by=(), window="$__range")
    return f"clamp_min(\n  1 - ({arrived} or vector(0))\n  / ({exported} > {MIN_SPANS}),\n  0\n)"
