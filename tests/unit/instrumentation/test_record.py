"""A record is an immutable value with named fields, like a frozen dataclass."""

from copy import copy

import pytest

from instrumentation._support.record import Record


class Point(Record):
    """Point with a default."""

    x: int
    y: int = 0


def test_a_field_that_is_left_out_has_its_default() -> None:
    assert repr(Point(x=1)) == "Point(x=1, y=0)"


def test_records_with_equal_fields_are_equal() -> None:
    assert Point(x=1) == Point(x=1, y=0)
    assert Point(x=1) != Point(x=2)
    assert Point(x=1) != (1, 0)


def test_a_copy_has_other_values_of_the_named_fields() -> None:
    assert Point(x=1, y=2)._replace(y=3)._asdict() == {"x": 1, "y": 3}


def test_a_copied_record_is_equal() -> None:
    assert copy(Point(x=1, y=2)) == Point(x=1, y=2)


def test_a_field_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match=r"Point\.x cannot be changed: use _replace\(\)"):
        Point(x=1).x = 2  # type: ignore[misc]  # the subject


@pytest.mark.parametrize("fields", [{}, {"x": 1, "z": 2}])
def test_missing_and_unknown_fields_are_errors(fields: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="Point: missing or unknown fields"):
        Point(**fields)
