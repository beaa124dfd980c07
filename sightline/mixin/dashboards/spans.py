"""Conservation of spans: what one side sent, the other has."""

from typing import Final

from sightline.mixin import queries
from sightline.mixin.dashboards.selection import Selection

FEWEST: Final = 2000
"""Spans below which two targets, scraped up to an interval apart, seem to disagree."""


def lost(senders: Selection, counted: str) -> str:
    """Share of the spans that *senders* exported and the counter *counted* does not know of."""
    sent = queries.increase(
        "otel_sdk_exporter_span_exported_total",
        by=(),
        where=queries.both(senders.where, 'error_type=""'),
        window="$__range",
    )
    known = queries.increase(counted, by=(), window="$__range")
    return f"clamp_min(\n  1 - ({known} or vector(0))\n  / ({sent} > {FEWEST}),\n  0\n)"
