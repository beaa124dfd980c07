"""`sightline slo build` and `backtest`."""

from pathlib import Path

import pytest
import yaml

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
    return {rule["record"]: rule["expr"] for rule in groups[0]["rules"]}


def test_build_reads_a_sloth_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slos = tmp_path / "sloth.yaml"
    slos.write_text(SLOTH)

    main(["build", str(slos)])

    recorded = rules(capsys.readouterr().out)
    expected = 'sum(rate(http_requests_total{job="myservice"}[2m]))'
    assert recorded["slo:events:rate"] == expected
    assert recorded["slo:error_budget:ratio"] == "vector(0.001)"


def test_build_rejects_a_threshold_that_is_no_bucket_bound(tmp_path: Path) -> None:
    slos = tmp_path / "slos.yaml"
    sli = "{service: a, name: latency, objective: 99, sli: {http: {slower_than: 0.3}}}"
    slos.write_text(f"slos: [{sli}]")

    with pytest.raises(ConfigurationError, match=r"slower_than 0.3: expected a bucket bound"):
        main(["build", str(slos)])


def test_backtest_reports_a_prometheus_that_does_not_respond() -> None:
    with pytest.raises(SightlineError, match="expected a Prometheus; name it with --prometheus"):
        main(["backtest", "--prometheus", "http://127.0.0.1:9"])
