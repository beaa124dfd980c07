"""Objectives are read from a few lines, and what would be silently wrong is refused."""

from fractions import Fraction
from pathlib import Path

import pytest

from sightline.mixin.slo import reading
from sightline.mixin.slo.objective import Objective, SloError, decimal


def read(tmp_path: Path, text: str) -> tuple[Objective, ...]:
    file = tmp_path / "slos.yaml"
    file.write_text(text)
    return reading.read(file)


def slo(**more: str) -> str:
    fields = {"service": "shop", "name": "a", "objective": "99.9", "sli": '{http: {errors: "5.."}}'}
    lines = (f"{name}: {value}" for name, value in {**fields, **more}.items())
    return f"slos: [{{{', '.join(lines)}}}]"


def test_availability_counts_answers_that_are_server_errors(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, slo())

    series = "http_server_request_duration_seconds_count"
    errors = f'{series}{{job="shop", http_response_status_code=~"5.."}}'
    assert objective.errors == f"sum(rate({errors}[{{{{.window}}}}]))"
    assert objective.budget == Fraction(1, 1000)
    assert (objective.period, objective.days, objective.min_errors) == ("30d", 30, 10)


def test_latency_counts_requests_beyond_a_bucket_bound(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, slo(sli="{http: {slower_than: 0.25}}"))

    assert 'le="0.25"' in objective.errors
    assert objective.errors.startswith(objective.events)


def test_routes_can_be_left_out(tmp_path: Path) -> None:
    (objective,) = read(tmp_path, slo(sli='{http: {errors: "5..", exclude_routes: [/a, /b]}}'))

    assert 'http_route!~"/a|/b"' in objective.events


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (slo(objective="100"), "objective 100: expected between 0 and 100"),
        (slo(objective="much"), "objective 'much': expected a percentage, like 99.9"),
        (slo(period="40d"), "period '40d': expected whole days"),
        (slo(period="90m"), "period '90m': expected whole days"),
        (slo(sli="{http: {slower_than: 0.3}}"), "slower_than 0.3: expected a bucket bound"),
        (slo(sli="{magic: true}"), "expected http with errors or slower_than"),
        (slo(sli="{events: {errors: a, total: b}}"), "as the range in each query"),
        ("slos: [{}]", "KeyError"),
        ("services: []", "expected the form of prometheus/slos.yaml"),
    ],
)
def test_a_wrong_objective_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(SloError) as raised:
        read(tmp_path, text)

    assert problem in str(raised.value)
    assert "slos.yaml" in str(raised.value)


def test_two_objectives_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = slo().replace("[", "[" + slo()[len("slos: [") : -1] + ", ", 1)

    with pytest.raises(SloError, match="shop/a stands twice"):
        read(tmp_path, twice)


def test_a_raw_ratio_of_sloth_needs_no_count_of_events(tmp_path: Path) -> None:
    raw = "sli: {raw: {error_ratio_query: 'bad_ratio[{{.window}}]'}}"
    text = f"version: prometheus/v1\nservice: s\nslos: [{{name: r, objective: 99, {raw}}}]"

    (objective,) = read(tmp_path, text)

    assert objective.events == "(bad_ratio[{{.window}}]) * 0 + 1"
    assert objective.min_errors == 0


@pytest.mark.parametrize(
    ("ratio", "spelt"), [("999/1000", "0.999"), ("1/1", "1"), ("1/8", "0.125")]
)
def test_decimals_are_exact(ratio: str, spelt: str) -> None:
    assert decimal(Fraction(ratio)) == spelt
