"""Stories about rules of objectives: input series, and the value of a query at a moment."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from sightline.mixin import catalogue, rule_files
from sightline.mixin.config import PRODUCTION
from tests import promtool

HTTP = 'slos: [{service: shop, name: a, objective: 99, sli: {http: {errors: "5.."}}}]'
SLOTH = """
version: prometheus/v1
service: billing
labels: {owner: team-billing}
slos:
  - name: jobs
    objective: 99.9
    sli: SLI
    alerting:
      name: BillingJobsFail
      labels: {routing_key: billing}
      page_alert: {labels: {severity: pageteam}}
"""
EVENTS = """
      events:
        error_query: sum(rate(jobs_total{result="failed"}[{{ .window }}]))
        total_query: sum(rate(jobs_total[{{ .window }}]))
"""

COUNT = "http_server_request_duration_seconds_count"
OK = f'{COUNT}{{job="shop", instance="s:1", http_response_status_code="200"}}'
FAILED = f'{COUNT}{{job="shop", instance="s:1", http_response_status_code="500"}}'
BROKEN = f'{COUNT}{{job="shop", http_response_status_code="200", error_type="RuntimeError"}}'
NEW = f'{COUNT}{{job="shop", instance="s:2", http_response_status_code="503"}}'
STARTED = 'process_start_time_seconds{job="shop", instance="s:2"}'
UP = 'up{job="shop", instance="s:1"}'
EU, US = (OK.replace("{", f'{{cluster="{name}", ') for name in ("eu", "us"))
EU_FAILED = FAILED.replace("{", '{cluster="eu", ')
PAGE = 'count(ALERTS{alertstate="firing", severity="critical"})'
MISSING = 'count(ALERTS{alertname="SloDataMissing", alertstate="firing"})'


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Input series of a file of objectives, and the value of a query at a moment."""

    objectives: str
    series: dict[str, str]
    at: str
    query: str
    value: float | None
    """None if the query has no result."""


def complaints(story: Story, folder: Path) -> str:
    """Return what promtool says about *story*, or an empty string if it is true."""
    source, rules = folder / "slos.yaml", folder / "rules.yml"
    source.write_text(story.objectives)
    file = catalogue.objective_file([source], PRODUCTION)
    rules.write_text(rule_files.render(file, PRODUCTION))
    samples = [] if story.value is None else [{"labels": "{}", "value": story.value}]
    test = {
        "interval": "1m",
        "input_series": [{"series": k, "values": v} for k, v in story.series.items()],
        "promql_expr_test": [
            {"eval_time": story.at, "expr": f"sum({story.query})", "exp_samples": samples}
        ],
    }
    document = {"rule_files": ["rules.yml"], "evaluation_interval": "30s", "tests": [test]}
    (folder / "story.yml").write_text(yaml.safe_dump(document))
    return promtool.complaints(promtool.binary(3), "test", "rules", folder / "story.yml")
