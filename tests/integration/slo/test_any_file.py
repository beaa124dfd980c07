"""`sightline slo build` on any file: rules that Prometheus loads, or an error with its line."""

import re
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightline.mixin import catalogue, rule_files
from sightline.mixin.config import PRODUCTION
from sightline.mixin.slo.objective import SloError
from tests import promtool

SHORT = """
labels: {team: pay}
slos:
  - {service: shop, name: a, objective: 99.9, sli: {http: {errors: "5..", exclude_routes: [/a]}}}
  - {service: shop, name: b, objective: 99, period: 7d, sli: {http: {slower_than: 0.5}}}
  - {service: shop, name: c, objective: 99, across: [cluster], sli: {grpc: {methods: [Get.*]}}}
  - {service: shop, name: d, objective: 99, sli: {freshness: {age: age_seconds, older_than: 60}}}
"""
SLOTH = """
version: prometheus/v1
service: billing
labels: {owner: team}
slos:
  - name: jobs
    objective: 99.9
    sli:
      events: {error_query: 'rate(e[{{ .window }}])', total_query: 'rate(t[{{.window}}])'}
    alerting:
      name: BillingJobsFail
      labels: {routing_key: billing}
      annotations: {summary: 'Jobs of {{ $labels.owner }} fail'}
      page_alert: {labels: {severity: pageteam}}
  - name: raw
    objective: 99
    sli: {raw: {error_ratio_query: 'sum(rate(e[{{.window}}])) / sum(rate(t[{{.window}}]))'}}
"""
OPENSLO = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: orders, labels: {team: pay}}
spec:
  service: shop
  indicator:
    spec:
      ratioMetric:
        counter: true
        good: {metricSource: {type: Prometheus, spec: {query: 'sum(orders{ok="yes"})'}}}
        total: {metricSource: {type: Prometheus, spec: {query: orders}}}
  timeWindow: [{duration: 4w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{displayName: Good, target: 0.99}]
"""
PYRRA = """
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: orders, labels: {pyrra.dev/team: pay}, annotations: {pyrra.dev/page: here}}
spec:
  target: "99"
  window: 2w
  alerting: {name: OrdersBurn}
  indicator:
    ratio:
      errors: {metric: 'requests{job="shop", code=~"5.."}'}
      total: {metric: 'requests{job="shop"}'}
      grouping: [handler]
"""
DOCUMENTS = tuple(yaml.safe_load(text) for text in (SHORT, SLOTH, OPENSLO, PYRRA))

FRAGMENTS = st.sampled_from(
    [
        *(
            "",
            " ",
            "a",
            "5..",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "{{",
            "}}",
            "{{.window}}",
            "[5m]",
            "#",
        ),
        *("'", '"', "\\", "`", "%", "$", ":", "- ", "*", "+", "?", "{1001}", "\n", "\t", "\0", "é"),
        *(
            "\u2028",
            "\x85",
            "\U0001f600",
            "{{ $value }}",
            "{{ $labels.x }}",
            "{{ end }}",
            "1h",
            "7d",
        ),
        *("sum(", "rate(x[{{.window}}])", " or ", " by (a)", "~", "null", "yes", "1e9", "-1", "0"),
        *(
            "vector(1)",
            "y",
            "x{a=~'b**'}",
            "offset 5m",
            "@ end()",
            ".inf",
            "__name__",
            "slo",
            "job",
        ),
    ]
)
TEXTS = st.lists(FRAGMENTS, max_size=4).map("".join) | st.text(max_size=8)
VALUES = st.one_of(
    TEXTS,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.lists(TEXTS, max_size=2),
    st.dictionaries(TEXTS, TEXTS, max_size=2),
)


@st.composite
def changed_documents(draw: st.DrawFn) -> bytes:
    """Return a file of objectives with a value or a key replaced, or with characters replaced."""
    document = deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(0, 2))):
        change(draw, document)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    start = draw(st.integers(0, len(text)))
    end = start + draw(st.sampled_from([0, 0, 0, 1, 3, 1000]))
    inserted = draw(FRAGMENTS) if draw(st.integers(0, 3)) == 0 else ""
    return (text[:start] + inserted + text[max(start, end) :]).encode(errors="surrogatepass")


def change(draw: st.DrawFn, document: dict[str, Any]) -> None:
    """Replace a value somewhere in *document*, or rename its key."""
    places = [place for place in containers(document) if place]
    container = draw(st.sampled_from(places))
    key = draw(st.sampled_from(sorted(container) if isinstance(container, dict) else range(1)))
    if isinstance(container, dict) and draw(st.integers(0, 4)) == 0:
        container[draw(TEXTS)] = container.pop(key)
    elif isinstance(container[key], str) and draw(st.booleans()):
        text, at = container[key], draw(st.integers(0, len(container[key])))
        container[key] = text[:at] + draw(TEXTS) + text[at:]
    else:
        container[key] = draw(VALUES)


def containers(value: object) -> list[Any]:
    """Return every mapping and list in *value*."""
    if not isinstance(value, dict | list):
        return []
    children = value.values() if isinstance(value, dict) else value
    return [value, *(found for child in children for found in containers(child))]


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(contents=st.lists(changed_documents(), min_size=40, max_size=60))
def test_a_file_becomes_valid_rules_or_an_error_with_file_and_line(contents: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        rules = [
            built for number, each in enumerate(contents) if (built := build(each, name, number))
        ]

        assert promtool.complaints(promtool.binary(3), "check", "rules", *rules) == ""


def build(content: bytes, folder: str, number: int) -> Path | None:
    """Return the file with the rules of *content*, or None if it is rejected."""
    source, rules = Path(folder, f"{number}.yaml"), Path(folder, f"{number}.rules.yml")
    source.write_bytes(content)
    try:
        file = catalogue.objective_file([source], PRODUCTION)
    except SloError as error:
        if not re.match(rf"{re.escape(str(source))}(:\d+: |: expected objectives)", str(error)):
            raise
        return None
    rules.write_text(rule_files.render(file, PRODUCTION))
    return rules
