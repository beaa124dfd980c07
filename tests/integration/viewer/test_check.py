"""`sightline check` with answers of Prometheus set by the test."""

import json
from pathlib import Path
from typing import Any

import pytest

from sightline.viewer import proof
from sightline.viewer.check import main, report
from sightline.viewer.model.settings import Settings
from sightline.viewer.proof import Limits, Row
from sightline.viewer.sources.apis import Sources
from tests.sources import Source, serving
from tests.viewing import dashboard, scope

LIMITS = Limits(series=2, seconds=5.0)
TARGET = {"refId": "A", "expr": "up"}


def answer(*values: str) -> dict[str, Any]:
    result = [
        {"metric": {"job": f"job {number}"}, "values": [[1795608000, value]]}
        for number, value in enumerate(values)
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def check(said: object, *, limits: Limits = LIMITS, delay: float = 0.0, **panel: object) -> Row:
    """Return the result for one panel whose query is answered with *said*."""
    raw = {"id": 1, "type": "timeseries", "title": "Panel", "targets": [TARGET], **panel}
    with serving(Source({"/api/v1/query_range": said}, delay_seconds=delay)) as source:
        sources = Sources.from_settings(Settings.from_env({"PROMETHEUS_URL": source.url}))
        [row] = proof.run([dashboard(raw)], sources, scope(), limits=limits)
    return row


DECLARED = {"defaults": {"noValue": "no traffic"}}
ERROR = {"status": "error", "error": "parse error: unexpected )"}


@pytest.mark.parametrize(
    ("said", "panel", "verdict"),
    [
        (answer("1", "0"), {}, "data"),
        (answer(), {}, "empty"),
        (answer(), {"fieldConfig": DECLARED}, "declared empty"),
        (answer(), {"type": "heatmap"}, "declared empty"),
        (answer("1", "NaN"), {}, "NaN"),
        (answer("1", "2", "3"), {}, "too many"),
        (ERROR, {}, "failed"),
        (b"<html>", {}, "failed"),
        (answer("1"), {"type": "piechart"}, "unsupported"),
        (answer("1"), {"transformations": [{"id": "spatial"}]}, "unsupported"),
    ],
)
def test_each_kind_of_answer_has_its_verdict(
    said: object, panel: dict[str, Any], verdict: str
) -> None:
    assert check(said, **panel).verdict == verdict


def test_a_slow_query_is_repeated_before_it_is_reported() -> None:
    row = check(answer("1"), limits=Limits(series=2, seconds=0.01, attempts=2), delay=0.02)

    assert (row.verdict, row.seconds >= 0.02) == ("slow", True)


def test_a_failure_has_the_reason() -> None:
    assert check(ERROR).detail == "Prometheus answered: parse error: unexpected )"


def test_the_report_lists_problems_and_counts_rows() -> None:
    rows = [check(answer("1")), check(answer())]

    problem, summary = report(rows, everything=False)

    assert problem.startswith("empty           test: Panel (timeseries)")
    assert summary == "1 dashboards, 2 queries and panels: 1 data, 1 empty"
    assert len(report(rows, everything=True)) == 3


def test_a_variable_without_options_is_reported() -> None:
    current = {"value": "$__all"}
    variable = {"name": "job", "type": "query", "query": "label_values(up, job)"}
    empty = {"status": "success", "data": []}

    with serving(Source({"/api/v1/label/job/values": empty})) as source:
        sources = Sources.from_settings(Settings.from_env({"PROMETHEUS_URL": source.url}))
        [row] = proof.run(
            [dashboard(variables=[{**variable, "current": current, "allValue": ".+"}])],
            sources,
            scope(),
            limits=LIMITS,
        )

    assert (row.name, row.verdict) == ("$job", "empty")


def test_a_broken_file_does_not_stop_the_proof_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.json").write_text('{"title": "Old", "rows": []}')
    shop = {"title": "Shop", "panels": [{"type": "stat", "targets": [TARGET]}]}
    (tmp_path / "shop.json").write_text(json.dumps(shop))

    with serving(Source({"/api/v1/query_range": answer("1")})) as source:
        monkeypatch.setenv("PROMETHEUS_URL", source.url)
        status = main([str(tmp_path)])

    problem, summary = capsys.readouterr().out.splitlines()
    assert status == 1
    assert problem.startswith("failed          old: old.json (file)")
    assert summary == "2 dashboards, 2 queries and panels: 1 failed, 1 data"
