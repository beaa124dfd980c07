"""Colours of series whose name means the same on every panel."""

from typing import Final

from sightline.mixin.grafana.fields import coloured, named
from sightline.mixin.grafana.words import Colour

STATUS_CLASSES: Final = (
    coloured("2xx", Colour.GOOD),
    coloured("3xx", Colour.INFORMATION),
    coloured("4xx", Colour.CLIENT_ERROR),
    coloured("5xx", Colour.BAD),
)

QUANTILES: Final = (
    coloured("p50", Colour.P50),
    coloured("p95", Colour.P95),
    coloured("p99", Colour.P99),
)

FIRING: Final = tuple(
    named({"1": ("warning", Colour.WARNING), "2": ("critical", Colour.BAD)}),
)
"""Values of an alert's band."""


def bands(where: str, *, by: str) -> str:
    """PromQL of each alert while it fires: 2 critical, 1 a warning."""
    return f"""
max by ({by}) (
  2 * ALERTS{{alertstate="firing", severity="critical", {where}}}
  or ALERTS{{alertstate="firing", severity="warning", {where}}}
)
"""
