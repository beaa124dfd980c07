"""`sightline slo build` and `backtest`."""

from pathlib import Path

import pytest
import yaml

from sightline.artifacts import PROMETHEUS
from sightline.errors import ConfigurationError, SightlineError
from sightline.slo import main

SLOTH = """
version: prometheus/v1
service: myservice
labels: {owner: myteam}
slos:
  - name: requests-availability
    objective: 99.9
    description: Sloth's own getting-started example, in its words.
    sli:
      events:
        error_query: sum(rate(http_requests_total{job="myservice",code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(http_requests_total{job="myservice"}[{{.window}}]))
    alerting:
      name: MyServiceHighErrorRate
      page_alert: {labels: {severity: pageteam}}
"""


def rules(text: str) -> dict[str, str]:
    groups = yaml.safe_load(text)["groups"]
    return {rule["record"]: rule["expr"] for rule in groups[0]["rules"] if "record" in rule}


def built(path: Path, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Return the rules that the command prints for *path*, each as a text."""
    main(["build", str(path)])
    groups = yaml.safe_load(capsys.readouterr().out)["groups"]
    return {str(rule) for group in groups for rule in group["rules"]}


def test_build_reads_a_sloth_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slos = tmp_path / "sloth.yaml"
    slos.write_text(SLOTH)

    main(["build", str(slos)])

    recorded = rules(capsys.readouterr().out)
    expected = 'sum(rate(http_requests_total{job="myservice"}[2m]))'
    assert recorded["job_slo:events:rate"] == f"(({expected}) >= 0)"
    assert recorded["job_slo:error_budget:ratio"].endswith(" * 0.001")


def test_files_of_two_teams_share_no_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(SLOTH)
    two.write_text(SLOTH.replace("requests-availability", "other"))
    shipped = PROMETHEUS / "slos.yaml"

    both = [built(path, capsys) for path in (one, two, shipped)]

    assert len(both[0] | both[1] | both[2]) == sum(map(len, both))


def test_build_joins_files_into_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(SLOTH)
    two.write_text(SLOTH.replace("service: myservice", "service: another"))

    main(["build", str(one), str(two)])

    text = capsys.readouterr().out
    assert "# Objectives of one.yaml, two.yaml." in text
    assert "- name: slo.another" in text


def test_build_rejects_an_objective_that_two_files_define(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(SLOTH)
    two.write_text(SLOTH)

    with pytest.raises(
        ConfigurationError, match="myservice/requests-availability is defined twice"
    ):
        main(["build", str(one), str(two)])


def test_build_prints_nothing_but_an_error_for_a_query_that_is_not_promql(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slos = tmp_path / "sloth.yaml"
    slos.write_text(SLOTH.replace("[{{.window}}]))", "[{{.window}}])"))

    with pytest.raises(ConfigurationError, match=r"sloth.yaml:12: total_query: .*unclosed"):
        main(["build", str(slos)])

    assert capsys.readouterr().out == ""


def test_explain_names_an_alert_that_can_never_fire(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slos = tmp_path / "slos.yaml"
    slos.write_text('slos: [{service: a, name: b, objective: 90, sli: {http: {errors: "5.."}}}]')

    main(["explain", str(slos)])

    assert "The alert over 1h can never fire: 14.4 times 10 %" in capsys.readouterr().out


def test_build_rejects_a_threshold_that_is_no_bucket_bound(tmp_path: Path) -> None:
    slos = tmp_path / "slos.yaml"
    sli = "{service: a, name: latency, objective: 99, sli: {http: {slower_than: 0.3}}}"
    slos.write_text(f"slos: [{sli}]")

    with pytest.raises(ConfigurationError, match=r"slower_than 0.3: expected a bucket bound"):
        main(["build", str(slos)])


def test_backtest_reports_a_prometheus_that_does_not_respond() -> None:
    with pytest.raises(SightlineError, match="expected a Prometheus; name it with --prometheus"):
        main(["backtest", "--prometheus", "http://127.0.0.1:9"])
