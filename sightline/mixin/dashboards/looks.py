"""Colours of series whose name means the same on every panel."""

from typing import Final

from sightline.mixin.grafana.fields import Override, coloured, named
from sightline.mixin.grafana.words import Colour

STATUS_CLASSES: Final = (
    coloured("2xx", Colour.GOOD),
    coloured("3xx", Colour.INFORMATION),
    coloured("4xx", Colour.CLIENT_ERROR),
    coloured("5xx", Colour.BAD),
)

STATUS_CODES: Final = tuple(
    Override(
        matcher="byRegexp",
        pattern=f"/^{digit}/",
        properties={"color": {"mode": "shades", "fixedColor": colour}},
    )
    for digit, colour in (
        (2, Colour.GOOD),
        (3, Colour.INFORMATION),
        (4, Colour.CLIENT_ERROR),
        (5, Colour.BAD),
    )
)
"""Codes of a class share its hue."""

QUANTILES: Final = (
    coloured("p50", Colour.P50),
    coloured("p95", Colour.P95),
    coloured("p99", Colour.P99),
)

FIRING: Final = tuple(
    named({"1": ("warning", Colour.WARNING), "2": ("critical", Colour.BAD)}),
)
"""Values of an alert's band."""

LOADED: Final = tuple(named({"1": ("loaded", Colour.GOOD), "0": ("refused", Colour.BAD)}))
"""Values of a configuration's state."""


def bands(where: str, *, by: str) -> str:
    """PromQL of each alert while it fires: 2 critical, 1 a warning."""
    return f"""
max by ({by}) (
  2 * ALERTS{{alertstate="firing", severity="critical", {where}}}
  or ALERTS{{alertstate="firing", severity="warning", {where}}}
)
"""
