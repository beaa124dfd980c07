"""Answers of Prometheus as data frames, as Grafana's data source returns them.

Source: grafana-prometheus ``transformV2`` and ``result_transformer`` (formats ``time_series``,
``table``, ``heatmap``; legends).
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sightline.grafana.frame import Field, Frame
from sightline.viewer.model.series import Series

_LEGEND: Final = re.compile(r"\{\{\s*(.+?)\s*\}\}")
NAME: Final = "__name__"


def time_series(series: Iterable[Series], *, ref_id: str, legend: str, expr: str) -> list[Frame]:
    """Return a frame per series: time and value.

    In *legend* (``legendFormat``) ``{{label}}`` is filled in; ``__auto`` or nothing spells labels.
    A series without labels is called by its *expr*.
    """
    return [_frame(one, ref_id, legend_text(legend, one.labels, expr)) for one in series]


def table(answers: Sequence[tuple[str, Sequence[Series]]]) -> list[Frame]:
    """Return a frame per query, with a row per series and sample: time, labels, value.

    A single query without series makes a frame without columns, as ``transformDFToTable`` does.

    Args:
        answers: ``refId`` and series of each query; several make ``Value #A``, ``Value #B``.
    """
    several = len(answers) > 1
    if not several and not any(series for _, series in answers):
        return [Frame(ref_id=ref_id, fields=()) for ref_id, _ in answers]
    return [
        _table(ref_id, series, f"Value #{ref_id}" if several else "Value")
        for ref_id, series in answers
    ]


def heatmap(series: Iterable[Series], *, ref_id: str) -> list[Frame]:
    """Return one frame with time and a column per bucket, lowest first, not cumulative."""
    ordered = sorted(
        (one for one in series if "le" in one.labels), key=lambda one: float(one.labels["le"])
    )
    times = sorted({seconds for one in ordered for seconds, _ in one.samples})
    columns = [_on_grid(one, times) for one in ordered]
    below: list[list[float | None]] = [[0.0] * len(times), *columns]
    fields = [
        Field(
            name=one.labels["le"],
            type="number",
            labels=one.labels,
            values=[_difference(upper, lower) for upper, lower in zip(column, under, strict=True)],
        )
        for one, column, under in zip(ordered, columns, below, strict=False)
    ]
    return [Frame(ref_id=ref_id, fields=(_time(times), *fields))] if fields else []


def legend_text(legend: str, labels: Mapping[str, str], expr: str) -> str:
    """Return the display name of a series."""
    if legend and legend != "__auto":
        return _LEGEND.sub(lambda found: labels.get(found[1], ""), legend)
    shown = {name: value for name, value in labels.items() if name != NAME}
    if legend == "__auto" and len(shown) == 1:
        return next(iter(shown.values()))
    pairs = ", ".join(f'{name}="{value}"' for name, value in sorted(shown.items()))
    name = labels.get(NAME, "")
    return f"{name}{{{pairs}}}" if pairs else name or expr


def finite(value: float) -> float | None:
    """Return *value*, or None for NaN and infinities, which Grafana does not draw."""
    return value if math.isfinite(value) else None


def _frame(series: Series, ref_id: str, legend: str) -> Frame:
    values = [finite(value) for _, value in series.samples]
    value = Field(name="Value", type="number", values=values, labels=series.labels, legend=legend)
    fields = (_time([seconds for seconds, _ in series.samples]), value)
    return Frame(ref_id=ref_id, name=legend, fields=fields)


def _time(seconds: Sequence[float]) -> Field:
    return Field(name="Time", type="time", values=[round(one * 1000) for one in seconds])


def _table(ref_id: str, series: Sequence[Series], value: str) -> Frame:
    rows = [(one.labels, *sample) for one in series for sample in one.samples]
    names = sorted({name for one in series for name in one.labels})
    labels = [
        Field(name=name, type="string", values=[row[0].get(name, "") for row in rows])
        for name in names
    ]
    values = [finite(row[2]) for row in rows]
    fields = (_time([row[1] for row in rows]), *labels)
    return Frame(ref_id=ref_id, fields=(*fields, Field(name=value, type="number", values=values)))


def _on_grid(series: Series, times: Sequence[float]) -> list[float | None]:
    found = {seconds: finite(value) for seconds, value in series.samples}
    return [found.get(seconds) for seconds in times]


def _difference(upper: float | None, lower: float | None) -> float | None:
    """Return the events in one bucket; never negative, even after a counter reset."""
    return None if upper is None else max(upper - (lower or 0.0), 0.0)
