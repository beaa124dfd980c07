"""References to variables in text."""

import pytest

from sightline.grafana.references import references, substitute

WRITTEN = [
    ("$job", ("job", "", "")),
    ("${job}", ("job", "", "")),
    ("${job:regex}", ("job", "", "regex")),
    ("[[job:raw]]", ("job", "", "raw")),
    ("${__value.raw:percentencode}", ("__value", "raw", "percentencode")),
    ('${__data.fields["Trace ID"]}', ("__data", 'fields["Trace ID"]', "")),
]


@pytest.mark.parametrize(("text", "expected"), WRITTEN)
def test_each_way_to_write_a_reference_is_read(text: str, expected: tuple[str, str, str]) -> None:
    [found] = references(f"a {text} b")

    assert (found.name, found.path, found.format) == expected
    assert (found.before, found.after) == ("a ", " b")


def test_a_reference_without_a_value_stays_as_written() -> None:
    values = {"job": "users"}

    text = substitute("$job ${route:raw} $", lambda reference: values.get(reference.name))

    assert text == "users ${route:raw} $"
