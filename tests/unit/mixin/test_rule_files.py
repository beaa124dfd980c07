"""Rules become YAML that people like to read, on the clock of a profile."""

from dataclasses import replace

import yaml

from sightline.mixin import rule_files
from sightline.mixin.config import DEMO, PRODUCTION
from sightline.mixin.links import Links
from sightline.mixin.model import Alert, Group, Record, RuleFile, Threshold

QUEUE = Alert(
    name="QueueFull",
    signal="rate(queue_rejected_total[5m])",
    threshold=Threshold(operator=">", value=0.5),
    gate="and on (job) up == 1",
    hold="10m",
    keep="0s",
    why="Rejected work is lost.",
    severity="warning",
    summary="The queue of {{ $labels.job }} isn't drained.",
    description="It rejects items.",
    dashboard="service",
    variables=("pool",),
)
FILE = RuleFile(
    name="queue",
    subject="Queues.",
    groups=(
        Group(
            name="queue",
            rules=(Record(name="job:queue:rate", expr="sum by (job) (rate(q[5m]))"), QUEUE),
        ),
    ),
)

EXPECTED = """\
# DO NOT EDIT: written by `make generate` from sightline/mixin.
# Queues.

groups:
  - name: queue
    interval: 30s
    rules:
      - record: job:queue:rate
        expr: |-
          sum by (job) (rate(q[5m]))

      # Rejected work is lost.
      - alert: QueueFull
        expr: |-
          rate(queue_rejected_total[5m]) > 0.5
          and on (job) up == 1
        for: 10m
        labels:
          severity: warning
        annotations:
          summary: 'The queue of {{ or $labels.job "a service" }} isn''t drained.'
          description: 'It rejects items.'
          dashboard_url: 'https://grafana.example/d/service?var-pool={{ $labels.pool }}'
          runbook_url: 'https://runbooks.example/QueueFull'

"""


def test_a_rule_file_reads_like_one_written_by_hand() -> None:
    links = Links(dashboards="https://grafana.example", runbooks="https://runbooks.example/{alert}")

    assert rule_files.render(FILE, PRODUCTION, links) == EXPECTED


def test_the_demo_divides_every_duration_by_ten() -> None:
    (group,) = yaml.safe_load(rule_files.render(FILE, DEMO))["groups"]

    record, alert = group["rules"]
    assert (group["interval"], alert["for"]) == ("3s", "1m")
    assert record["expr"] == "sum by (job) (rate(q[30s]))"


def test_a_long_text_is_folded_outside_of_its_tags_and_read_back_whole() -> None:
    text = "word " * 30 + "{{ range query `a b` -}} {{ .Value }} {{- end }} tail."
    alert = replace(QUEUE, description=text)
    file = RuleFile(name="x", subject="X.", groups=(Group(name="x", rules=(alert,)),))

    (group,) = yaml.safe_load(rule_files.render(file, PRODUCTION))["groups"]

    assert group["rules"][0]["annotations"]["description"] == text
