"""Colors of series whose name means the same on every panel."""

from typing import Final

from sightline.mixin.grafana.fields import Override, fixed_color, value_mappings
from sightline.mixin.grafana.vocabulary import Color

STATUS_CLASSES: Final = (
    fixed_color("2xx", Color.GOOD),
    fixed_color("3xx", Color.INFORMATION),
    fixed_color("4xx", Color.CLIENT_ERROR),
    fixed_color("5xx", Color.BAD),
)

STATUS_CODES: Final = tuple(
    Override(
        matcher="byRegexp",
        pattern=f"/^{digit}/",
        properties={"color": {"mode": "shades", "fixedColor": color}},
    )
    for digit, color in (
        (2, Color.GOOD),
        (3, Color.INFORMATION),
        (4, Color.CLIENT_ERROR),
        (5, Color.BAD),
    )
)
"""Codes of a class share its hue."""

QUANTILES: Final = (
    fixed_color("p50", Color.P50),
    fixed_color("p95", Color.P95),
    fixed_color("p99", Color.P99),
)

FIRING: Final = tuple(
    value_mappings({"1": ("warning", Color.WARNING), "2": ("critical", Color.BAD)}),
)
"""Values of an alert's band."""

LOADED: Final = tuple(value_mappings({"1": ("loaded", Color.GOOD), "0": ("refused", Color.BAD)}))
"""Values of a configuration's state."""


def bands(where: str, *, by: str) -> str:
    """PromQL of each alert while it fires: 2 critical, 1 a warning."""
    return f"""
max by ({by}) (
  2 * ALERTS{{alertstate="firing", severity="critical", {where}}}
  or ALERTS{{alertstate="firing", severity="warning", {where}}}
)
"""
