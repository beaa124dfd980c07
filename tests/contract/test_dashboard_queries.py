"""Results of the less obvious dashboard queries, computed by promtool."""

from pathlib import Path

import pytest
import yaml

from sightline.mixin.dashboards import callees
from sightline.mixin.dashboards.selection import drop_nan
from tests import promtool


def verdict(tmp_path: Path, series: dict[str, str], expr: str, expected: dict[str, float]) -> str:
    """Return the complaints of promtool about *expr*, evaluated after a minute."""
    samples = [{"labels": labels, "value": value} for labels, value in expected.items()]
    question = {"expr": expr, "eval_time": "1m", "exp_samples": samples}
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    test_file = tmp_path / "test_file.yml"
    test_file.write_text(
        yaml.safe_dump({"tests": [{"input_series": inputs, "promql_expr_test": [question]}]})
    )
    return promtool.complaints(promtool.binary(3), "test", "rules", test_file)


CALLS = 'calls{job="gateway", server_address="%s", server_port="8001"}'


def test_a_callee_with_a_target_is_named_even_while_it_is_down(tmp_path: Path) -> None:
    series = {
        CALLS % "10.0.0.7": "3 3",
        'up{job="orders", instance="10.0.0.7:8001"}': "1 0",
    }

    found = verdict(
        tmp_path, series, callees.name_callees("calls"), {'{job="gateway", peer="orders"}': 3}
    )

    assert found == ""


def test_a_callee_without_a_target_is_named_by_address_and_port(tmp_path: Path) -> None:
    series = {CALLS % "api.example.org": "3 3", 'up{job="orders", instance="orders:8001"}': "1 1"}

    found = verdict(
        tmp_path,
        series,
        callees.name_callees("calls"),
        {'{job="gateway", peer="api.example.org:8001"}': 3},
    )

    assert found == ""


@pytest.mark.parametrize(
    ("values", "expected"),
    [("0 60", {"{}": 0.5}), ("0 0", {})],
    ids=["requests", "none"],
)
def test_a_quantile_of_nothing_is_absent_and_not_nan(
    tmp_path: Path, values: str, expected: dict[str, float]
) -> None:
    series = {'seconds_bucket{le="1.0"}': values, 'seconds_bucket{le="+Inf"}': values}
    quantile = "histogram_quantile(0.5, sum by (le) (rate(seconds_bucket[2m])))"

    assert verdict(tmp_path, series, drop_nan(quantile), expected) == ""
