"""Colors of series and values that have the same meaning on every panel."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Final

from sightline.mixin.config import PROFILES, SLO_WINDOWS
from sightline.mixin.dashboards.selection import Selection, labels
from sightline.mixin.grafana.fields import Override, fixed_color, rising_scale, value_mappings
from sightline.mixin.grafana.panels import Panel
from sightline.mixin.grafana.schema import SEQUENCE, Color
from sightline.mixin.grafana.targets import Query
from sightline.mixin.grafana.time_panels import TimeSeries
from sightline.mixin.identity import IDENTITY

_COLOR_OF_CLASS: Final = {
    2: Color.GOOD,
    3: Color.INFORMATION,
    4: Color.CLIENT_ERROR,
    5: Color.BAD,
}

STATUS_CLASSES: Final = tuple(
    fixed_color(f"{digit}xx", color) for digit, color in _COLOR_OF_CLASS.items()
)

STATUS_CODES: Final = tuple(
    Override(
        matcher="byRegexp",
        pattern=f"/^{digit}/",
        properties={"color": {"mode": "shades", "fixedColor": color}},
    )
    for digit, color in _COLOR_OF_CLASS.items()
)
"""Shades of the class color for the codes of a class."""

QUANTILES: Final = (
    fixed_color("p50", Color.P50),
    fixed_color("p95", Color.P95),
    fixed_color("p99", Color.P99),
)

_PALETTE: Final = (
    *("#3EB6C8", "#B877D9", "#8AB8FF", "#B08968", "#5794F2", "#E36FB0"),
    *("#7A7FE0", "#2F9E9E", "#CBA6F2", "#9FA7B3", "#3274D9", "#A64DBF"),
)
"""Colors that no threshold has."""


def _by_pattern(*patterns: str) -> tuple[Override, ...]:
    """Return a color of the palette for each of *patterns*, one of which a name matches."""
    return tuple(
        Override(
            matcher="byRegexp",
            pattern=f"/{pattern}/",
            properties={"color": {"mode": "fixed", "fixedColor": color}},
        )
        for pattern, color in zip(patterns, _PALETTE, strict=True)
    )


def _lengths(remainder: int, divisor: int) -> str:
    """Return the pattern of texts whose length, divided by *divisor*, leaves *remainder*."""
    return f"(?:.{{{divisor}}})*.{{{remainder}}}"


SERVICES: Final = _by_pattern(
    *(
        f"^{first}{_lengths(rest, 3)}$"
        for first, rest in product(("[^e-z]", "[e-m]", "[n-s]", "[t-z]"), range(3))
    )
)
"""A color per service on every panel, whatever else the panel shows.

It depends on the first letter and the length of the name. Grafana's own colors depend on the
position, or on a hash, and may be the red of a failure.
"""

NAMES: Final = _by_pattern(*(f"^{_lengths(rest, len(_PALETTE))}$" for rest in range(len(_PALETTE))))
"""The same for names that begin and end alike, such as those of routes: the length."""

INSTANCES: Final = _by_pattern(
    *(
        f"{host}:[0-9]*{port}$"
        for host, port in product(
            ("[^1-9]", "[1-3]", "[4-6]", "[7-9]"), ("[0-3]", "[4-6]", "[7-9]")
        )
    )
)
"""The same for addresses: the last digits of host and port."""

_OF_LABEL: Final = {
    "instance": INSTANCES,
    **dict.fromkeys(("rule_group", "rpc_method", "operation", "db_collection_name"), NAMES),
}


def of_series(panel: Panel) -> Panel:
    """Return *panel* with a color per series, if it has none and may have many series.

    The fifth color of Grafana is the red of a failure.
    """
    if not isinstance(panel, TimeSeries) or panel.overrides:
        return panel
    legends = (query.legend for query in panel.queries if isinstance(query, Query))
    names = [name for legend in legends for name in _OF_LABEL if legend.endswith(f"{{{name}}}}}")]
    return replace(panel, overrides=_OF_LABEL[names[0]]) if names else panel


NOTIFYING: Final = "critical|warning"
"""Pattern of the severities that notify someone."""

SEVERITIES: Final = tuple(
    value_mappings(
        {
            "0": ("none", Color.GOOD),
            "1": ("warning", Color.WARNING),
            "2": ("critical", Color.BAD),
        }
    ),
)
"""Mappings of the values that `firing_severity` returns."""

SEVERITY_SCALE: Final = rising_scale(warning=1, bad=2)
"""Colors of the values that `firing_severity` returns."""

WINDOWS: Final = tuple(
    fixed_color(profile.duration(window), color)
    for profile in PROFILES
    for window, color in zip(SLO_WINDOWS, SEQUENCE, strict=False)
)
"""Colors of the windows of burn-rate alerts, from short to long."""

RELOAD_RESULTS: Final = tuple(
    value_mappings({"1": ("loaded", Color.GOOD), "0": ("refused", Color.BAD)})
)
"""Mappings of a metric that is 1 after a successful reload of the configuration, else 0."""


def firing_count(selection: Selection, *, severity: str = NOTIFYING) -> str:
    """Return PromQL for the number of firing alerts, once per service and severity.

    Args:
        selection: Services whose alerts count.
        severity: Pattern of the severities that count.
    """
    matchers = f'alertstate="firing", severity=~"{severity}"'
    firing = selection.narrow(matchers).select("ALERTS")
    return f"count(group by (alertname, {labels(IDENTITY)}, severity) ({firing}))"


def firing_severity(where: str, *, by: Sequence[str], name: str = "alertname") -> str:
    """Return PromQL with a series per firing alert: 2 if critical, 1 if warning.

    While no alert fires, there is a single series of 0, whose label *name* is none. Grafana
    reports an error for a state timeline without any series.
    """
    return f"""
max by ({labels(by)}) (
  2 * ALERTS{{alertstate="firing", severity="critical", {where}}}
  or ALERTS{{alertstate="firing", severity="warning", {where}}}
)
or on () label_replace(vector(0), "{name}", "none", "", "")
"""
