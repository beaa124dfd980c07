"""Sizes of panels, titles, columns and legends in pixels, as Grafana draws them.

Source: Grafana 12.4. Grid: `GRID_COLUMN_COUNT` and `GRID_CELL_VMARGIN` of
public/app/core/constants.ts. Table: `COLUMN.DEFAULT_WIDTH`, `TABLE` and `HeaderCell` of grafana-ui.
Header: `PanelChrome`. Labels of states: `calculateAxisSize` of `UPlotAxisBuilder`. Side menu and
page padding: measured in its stylesheet. Letters: measured in its font, Inter Medium.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sightline.grafana import units
from sightline.grafana.dashboard import GRID_COLUMNS
from sightline.grafana.references import substitute

WINDOWS: Final = (1200, 1440, 1920)
"""Widths of browser windows in which a dashboard must be readable. The side menu is docked from
the first one on."""

GAP_PIXELS: Final = 8
_SIDE_MENU_PIXELS: Final = 300
_PAGE_PADDING_PIXELS: Final = 32
_BORDER_PIXELS: Final = 2

_CONTENT_PADDING_PIXELS: Final = 16
"""Space between the border of a panel and its content, on both sides."""

DEFAULT_COLUMN_PIXELS: Final = 150
"""Minimum width of a table column without a setting."""

_TITLE_FONT_PIXELS: Final = 14
_NAME_FONT_PIXELS: Final = 12
"""Size of the font of legends and axes."""

_TITLE_SPACING_PIXELS: Final = 0.15
_OTHER_LETTER: Final = 0.62
_LETTERS: Final = {
    letter: width
    for letters, width in (
        ("ABCDGHKNOQUVXY", 0.73),
        ("aceksvxyzFJL7?", 0.565),
        ("ijl", 0.25),
        ("I !,.:;'", 0.29),
        ("tfr()/[]\\|`", 0.37),
        ('1-_{}*^"', 0.46),
        ("mwMW%@", 0.9),
    )
    for letter in letters
}
"""Mean width of similar letters, as a share of the size of the font."""

_TITLE_MARGIN_PIXELS: Final = 66
"""Padding of 20, menu of 22 and three gaps of 8 beside a title, with the toggle `newPanelPadding`,
which is on."""
_TITLE_ICON_PIXELS: Final = 32
"""Icon of 16 with its padding beside a title: the description, or links of the panel."""

_COLUMN_MARGIN_PIXELS: Final = 13
"""Padding of 6 on both sides of a cell or heading, and the border of 1."""
_SORT_ICON_PIXELS: Final = 18
"""Arrow in the heading of the column that a table is sorted by."""

_LEGEND_PADDING_PIXELS: Final = 16
_CELL_PADDING_PIXELS: Final = 16
_MARKER_PIXELS: Final = 22
"""Colored line before the name of a series."""

_STATE_NAME_SHARE: Final = 0.4
"""Maximum share of a state timeline that Grafana gives to the names of the series."""
_STATE_NAME_MARGIN_PIXELS: Final = 20
"""Gap of 16 and tick of 4 beside a name, which `custom.axisWidth` contains."""

SAMPLES: Final = {
    "job": "checkout-service",
    "peer": "checkout-service",
    "instance": "10.244.12.137:8000",
    "http_route": "/orders/{order_id}",
    "rpc_method": "shop.users.v1.UserService/GetUser",
    "alertname": "HttpServerErrorRatioHigh",
    "slo": "availability",
    "service_version": "2026.11.3",
    "rule_group": "services.recording",
    "__name__": "prometheus_http_request_duration_seconds_bucket",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
    "services": "200",
    "processes": "4000",
    "routes": "5000",
    "services_shown": "10",
    "processes_shown": "10",
    "routes_shown": "10",
}
"""Values of labels and variables of a usual length in production."""

_LABEL: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")

_OTHER: Final = "connection"
"""Value of any other label."""

_LARGE_VALUES: Final = {
    "s": 0.00123,
    "percentunit": 0.1234,
    "reqps": 1234.5,
    "ops": 1234.5,
    "bytes": 123_456_789.0,
    "short": 1234.5,
}
"""Value per unit whose text is as long as that of any usual value."""


def panel_pixels(columns: int, window: int = WINDOWS[0]) -> float:
    """Return the width inside a panel of *columns* of the grid."""
    page = window - _SIDE_MENU_PIXELS - _PAGE_PADDING_PIXELS
    return columns * (page + GAP_PIXELS) / GRID_COLUMNS - GAP_PIXELS - _BORDER_PIXELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Size of a table column in pixels."""

    width: float
    """Fixed width, 0 for a share of the rest."""
    minimum: float


def content_pixels(columns: int, window: int = WINDOWS[0]) -> float:
    """Return the width of the table or chart in a panel of *columns* of the grid."""
    return panel_pixels(columns, window) - _CONTENT_PADDING_PIXELS


def column_widths(columns: Sequence[Column], given: float) -> list[float]:
    """Return the width of each of *columns* in a table that has *given* pixels for them.

    Columns without a fixed width have equal shares of the rest, or their minimum if it is larger:
    one large minimum moves the last column out of sight.

    Source: ``computeColWidths`` of grafana-ui.
    """
    fixed = sum(one.width for one in columns)
    share = (given - fixed) / max(sum(not one.width for one in columns), 1)
    return [one.width or max(one.minimum, share) for one in columns]


def heading_pixels(heading: str, *, wrapped: bool, sorts: bool) -> float:
    """Return the width of a column in which *heading* is whole.

    Args:
        heading: Title of the column.
        wrapped: The heading continues on a second line after a space.
        sorts: The table is sorted by the column.
    """
    icon = _SORT_ICON_PIXELS if sorts else 0
    *others, last = heading.split() if wrapped and heading.strip() else [heading]
    lines = [title_pixels(last) + icon, *map(title_pixels, others)]
    return max(lines) + _COLUMN_MARGIN_PIXELS


def title_pixels(title: str) -> float:
    """Return the width of the title of a panel."""
    shown = sample(title)
    return _text_pixels(shown, _TITLE_FONT_PIXELS) + len(shown) * _TITLE_SPACING_PIXELS


def title_space(pixels: float, *, icons: int) -> float:
    """Return the width that a panel has for its title.

    Args:
        pixels: Width inside the panel.
        icons: Number of icons beside the title, without the menu.
    """
    return max(pixels - _TITLE_MARGIN_PIXELS - icons * _TITLE_ICON_PIXELS, 0)


def name_pixels(legend: str) -> float:
    """Return the width of the name of a series, in a legend or beside its states."""
    return _text_pixels(sample(legend), _NAME_FONT_PIXELS)


def _text_pixels(text: str, font_pixels: float) -> float:
    return font_pixels * sum(_LETTERS.get(letter, _OTHER_LETTER) for letter in text)


def legend_pixels(legend: str, calculations: int, unit: str) -> float:
    """Return the width that a legend with a column per calculation needs.

    Args:
        legend: Name of a series, with ``{{label}}`` for the value of a label.
        calculations: Number of columns.
        unit: Unit of the values in the columns.
    """
    name = name_pixels(legend) + _MARKER_PIXELS + _CELL_PADDING_PIXELS
    value = str(units.write(_LARGE_VALUES.get(unit, _LARGE_VALUES["short"]), unit))
    cell = _text_pixels(value, _NAME_FONT_PIXELS) + _CELL_PADDING_PIXELS
    return name + calculations * cell + _LEGEND_PADDING_PIXELS


def state_name_space(pixels: float, axis_width: float) -> float:
    """Return the width that a state timeline of *pixels* has for names, which Grafana cuts.

    Args:
        pixels: Width inside the panel.
        axis_width: ``custom.axisWidth``, or 0.
    """
    return axis_width - _STATE_NAME_MARGIN_PIXELS if axis_width else pixels * _STATE_NAME_SHARE


def sample(text: str) -> str:
    """Return *text* with values of a usual length for its labels and variables."""
    filled = _LABEL.sub(lambda found: SAMPLES.get(found[1], _OTHER), text)
    return substitute(filled, lambda reference: SAMPLES.get(reference.name, _OTHER))
