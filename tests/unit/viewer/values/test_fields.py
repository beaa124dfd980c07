"""Field configuration: overrides, mappings, thresholds."""

import pytest

from sightline.grafana.frame import Field
from sightline.viewer.values.fields import display, with_config
from tests.viewing import columns, panel

STEPS = {"steps": [{"color": "green", "value": None}, {"color": "red", "value": 0.05}]}
RED, GREEN = "#F2495C", "#73BF69"


def field(value: object, **defaults: object) -> Field:
    frame = columns(v=[value])
    return with_config(panel("table", defaults=defaults), [frame])[0].fields[0]


def test_an_override_wins_over_the_defaults() -> None:
    override = {
        "matcher": {"id": "byName", "options": "errors"},
        "properties": [
            {"id": "unit", "value": "percentunit"},
            {"id": "custom.width", "value": 90},
            {"id": "displayName", "value": "Errors"},
        ],
    }
    chosen = panel("table", defaults={"unit": "reqps"}, overrides=[override])

    [frame] = with_config(chosen, [columns(rate=[1.0], errors=[0.5])])

    rate, errors = frame.fields
    assert str(display(1.0, rate)) == "1 req/s"
    assert str(display(0.5, errors)) == "50%"
    assert (errors.title, errors.config.custom["width"]) == ("Errors", 90)


@pytest.mark.parametrize(
    ("matcher", "options", "matched"),
    [
        ("byName", "up", ["up"]),
        ("byRegexp", "/^up/", ["up", "upset"]),
        ("byType", "string", ["job"]),
        ("byNames", {"mode": "exclude", "names": ["up"]}, ["job", "upset"]),
        ("byMagic", "up", []),
    ],
)
def test_a_matcher_selects_fields(matcher: str, options: object, matched: list[str]) -> None:
    override = {
        "matcher": {"id": matcher, "options": options},
        "properties": [{"id": "unit", "value": "s"}],
    }

    [frame] = with_config(
        panel("table", overrides=[override]), [columns(job=["a"], up=[1.0], upset=[1.0])]
    )

    assert [one.name for one in frame.fields if one.config.unit == "s"] == matched


@pytest.mark.parametrize(
    ("value", "color"), [(0.0, GREEN), (0.05, RED), (9.0, RED), (None, "#CCCCDC")]
)
def test_a_value_has_the_color_of_its_threshold(value: float | None, color: str) -> None:
    assert display(value, field(value, thresholds=STEPS)).color == color


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "closed"), (2.0, "open"), (7.0, "many"), (None, "unknown"), (3.5, "3.50")],
)
def test_a_value_mapping_replaces_the_text(value: float | None, text: str) -> None:
    mappings = [
        {
            "type": "value",
            "options": {"1": {"text": "closed"}, "2": {"text": "open", "color": "red"}},
        },
        {"type": "range", "options": {"from": 5, "to": 9, "result": {"text": "many"}}},
        {"type": "special", "options": {"match": "null", "result": {"text": "unknown"}}},
    ]

    assert str(display(value, field(value, mappings=mappings))) == text


def test_a_missing_value_shows_the_no_value_text() -> None:
    assert str(display(None, field(None, noValue="no traffic"))) == "no traffic"
