"""Grafana's data frame: named columns of equal length. Times are milliseconds since the epoch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from sightline.grafana.fieldconfig import FieldConfig

FieldType = Literal["time", "number", "string", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column."""

    name: str
    type: FieldType
    values: Sequence[Any]
    """Numbers are float or None, never NaN or infinite."""
    labels: Mapping[str, str] = field(default_factory=dict)
    legend: str = ""
    """Display name set by the data source."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """Configuration set by the data source; a panel's overrides win over it."""
    config: FieldConfig = field(default_factory=FieldConfig)

    @property
    def title(self) -> str:
        """Displayed name: the configured name, else the legend, else the name."""
        return self.config.display_name or self.legend or self.name

    def with_values(self, values: Iterable[Any]) -> Self:
        """Return the column with other values."""
        return replace(self, values=list(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Columns of one query result."""

    fields: tuple[Field, ...]
    ref_id: str = ""
    name: str = ""

    @property
    def length(self) -> int:
        """Number of rows."""
        return max((len(column.values) for column in self.fields), default=0)

    @property
    def time(self) -> Field | None:
        """First time column."""
        return next((column for column in self.fields if column.type == "time"), None)

    @property
    def numbers(self) -> list[Field]:
        """Number columns."""
        return [column for column in self.fields if column.type == "number"]

    def field(self, name: str) -> Field | None:
        """Return the column with this name or title."""
        named = (column for column in self.fields if name in {column.name, column.title})
        return next(named, None)

    def with_fields(self, fields: Iterable[Field]) -> Self:
        """Return the frame with other columns."""
        return replace(self, fields=tuple(fields))

    def rows(self, order: Iterable[int]) -> Self:
        """Return the frame with only the rows at these indexes, in this order."""
        numbers = list(order)
        return self.with_fields(
            column.with_values(column.values[number] for number in numbers)
            for column in self.fields
        )


def number_series(frames: Iterable[Frame]) -> list[tuple[Field | None, Field]]:
    """Return every number column with the time column of its frame."""
    return [(frame.time, column) for frame in frames for column in frame.numbers]
