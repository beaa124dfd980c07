"""Legend of a chart: a line per series, with the calculations of the panel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sightline.grafana.dashboard import Panel
from sightline.grafana.frame import Field
from sightline.grafana.reducers import CALCULATIONS, reduce_values
from sightline.viewer.values.fields import display


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """Values for the template."""

    table: bool
    right: bool
    heads: Sequence[str]
    """Headings of the calculations."""
    entries: Sequence["Entry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Row of the legend."""

    index: int
    """Index of the series in the figure."""
    title: str
    color: str
    cells: Sequence[str]


def legend(panel: Panel, series: Sequence[tuple[Field, str]]) -> Legend | None:
    """Return the legend, or None if *panel* hides it; *series* are in the order of the figure."""
    if panel.option("legend", "showLegend") is False or not series:
        return None
    calcs: list[str] = panel.option("legend", "calcs", default=[])
    order = _order(panel, [field for field, _ in series], calcs)
    return Legend(
        table=panel.option("legend", "displayMode") == "table",
        right=panel.option("legend", "placement") == "right",
        heads=[CALCULATIONS.get(calc, calc) for calc in calcs],
        entries=[
            Entry(
                index=index,
                title=series[index][0].title,
                color=series[index][1],
                cells=[_cell(series[index][0], calc) for calc in calcs],
            )
            for index in order
        ],
    )


def _cell(field: Field, calc: str) -> str:
    value = reduce_values(field.values, calc)
    return "-" if value is None else str(display(value, field))


def _order(panel: Panel, fields: Sequence[Field], calcs: Sequence[str]) -> list[int]:
    """Order series by the column that the panel sorts by, empty values last."""
    wanted, numbers = panel.option("legend", "sortBy"), list(range(len(fields)))
    descending = bool(panel.option("legend", "sortDesc"))
    calc = next((one for one in calcs if CALCULATIONS.get(one) == wanted), None)
    if calc is None:
        return numbers

    def key(index: int) -> tuple[bool, Any]:
        value = reduce_values(fields[index].values, calc)
        return value is None, 0.0 if value is None else -value if descending else value

    return sorted(numbers, key=key)
