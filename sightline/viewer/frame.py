"""Grafana's data frame: named columns of equal length. Times are milliseconds since the epoch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from sightline.viewer.fieldconfig import FieldConfig

FieldType = Literal["time", "number", "string", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column."""

    name: str
    type: FieldType
    values: Sequence[Any]
    """Numbers are float or None; NaN and infinities never come this far."""
    labels: Mapping[str, str] = field(default_factory=dict)
    legend: str = ""
    """Display name given by the data source."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """Configuration given by the data source: unit, links; only a panel's overrides go over it."""
    config: FieldConfig = field(default_factory=FieldConfig)

    @property
    def title(self) -> str:
        """What the reader sees: the configured name, the legend, or the name."""
        return self.config.display_name or self.legend or self.name

    def with_values(self, values: Iterable[Any]) -> Self:
        """The same column holding *values*."""
        return replace(self, values=list(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Columns of one answer."""

    fields: tuple[Field, ...]
    ref_id: str = ""
    name: str = ""

    @property
    def length(self) -> int:
        """Number of rows."""
        return max((len(column.values) for column in self.fields), default=0)

    @property
    def time(self) -> Field | None:
        """The first time column."""
        return next((column for column in self.fields if column.type == "time"), None)

    @property
    def numbers(self) -> list[Field]:
        """Every number column."""
        return [column for column in self.fields if column.type == "number"]

    def field(self, name: str) -> Field | None:
        """The column that is called *name*, or shown under it."""
        named = (column for column in self.fields if name in {column.name, column.title})
        return next(named, None)

    def with_fields(self, fields: Iterable[Field]) -> Self:
        """The same frame with other columns."""
        return replace(self, fields=tuple(fields))

    def rows(self, order: Iterable[int]) -> Self:
        """The rows with these numbers, in this order."""
        numbers = list(order)
        return self.with_fields(
            column.with_values(column.values[number] for number in numbers)
            for column in self.fields
        )


def number_series(frames: Iterable[Frame]) -> list[tuple[Field | None, Field]]:
    """Every number column with the time column beside it."""
    return [(frame.time, column) for frame in frames for column in frame.numbers]
