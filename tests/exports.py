"""Adoption files for tests, and the files that `sightline export` writes for them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from sightline.export import main

ADOPTION = """\
scrape_interval: 1m
identity: {cluster: k8s_cluster}
urls:
  grafana: https://grafana.example.com
  runbooks: https://wiki.example.com/{alert}.md
  prometheus: https://prometheus.example.com
grafana:
  folder: Services
  uid_prefix: sl-
  datasources: {prometheus: mimir-1, jaeger: jaeger-1}
objectives: [slos/*.yaml]
disabled: [jaeger, ExemplarsMissing]
thresholds:
  - {alert: WorkerThreadsExhausted, value: 0.7}
  - {alert: HttpServerLatencyHigh, value: 10, service: report}
kubernetes:
  namespace: monitoring
  rule_labels: {release: prometheus}
receivers:
  pages: {pagerduty: {routing_key_file: /etc/alertmanager/secrets/pagerduty}}
  tickets: {slack: {api_url_file: /etc/alertmanager/secrets/slack, channel: "#alerts"}}
  heartbeat: {webhook: {url_file: /etc/alertmanager/secrets/heartbeat}}
"""

OBJECTIVES = """\
slos:
  - service: shop
    name: availability
    objective: 99.9
    period: 30d
    sli: {http: {errors: "5.."}}
"""


def adopt(folder: Path, text: str = ADOPTION) -> Path:
    """Write the adoption file *text*, and objectives, into *folder* and return the file."""
    (folder / "slos").mkdir(exist_ok=True)
    (folder / "slos" / "shop.yaml").write_text(OBJECTIVES)
    (folder / "sightline.yaml").write_text(text)
    return folder / "sightline.yaml"


def export(adoption: Path, form: str = "plain") -> Path:
    """Export in the format *form* and return the directory."""
    out = adoption.parent / form
    assert main([str(out), "--format", form, "--config", str(adoption)]) == 0
    return out


def contents(folder: Path) -> Mapping[str, str]:
    """Return the text of every file below *folder* by its path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def alerts(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the alerts of exported rule files."""
    for path in sorted((folder / "prometheus" / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from (rule for rule in group["rules"] if "alert" in rule)
