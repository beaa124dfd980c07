"""Queries of classic histograms, and of native ones in their place."""

import json
import re
from collections.abc import Iterator

import pytest

from sightline.artifacts import DASHBOARDS, PROMETHEUS
from sightline.mixin import histograms
from sightline.mixin.histograms import native

DURATION = "http_server_request_duration_seconds"
CLASSIC = re.compile(rf"(?<![:\w])({'|'.join(histograms.NAMES)})_(count|sum|bucket)\b")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            f'sum by (job) (rate({DURATION}_count{{job="shop"}}[5m]))',
            f'sum by (job) (histogram_count(rate({DURATION}{{job="shop"}}[5m])))',
        ),
        (
            f"increase({DURATION}_sum[5m] offset 1h)",
            f"histogram_sum(increase({DURATION}[5m] offset 1h))",
        ),
        (
            f"{DURATION}_count unless {DURATION}_count offset 5m",
            f"histogram_count({DURATION}) unless histogram_count({DURATION} offset 5m)",
        ),
        (
            f"histogram_quantile(0.99, sum by (job, le) (rate({DURATION}_bucket[5m])))",
            f"histogram_quantile(0.99, sum by (job, le) (rate({DURATION}[5m])))",
        ),
        (
            f'rate({DURATION}_bucket{{job="shop", le=~"0\\\\.5"}}[5m])',
            (
                f'((histogram_fraction(0, 0.5, rate({DURATION}{{job="shop"}}[5m])) >= 0)'
                f' * histogram_count(rate({DURATION}{{job="shop"}}[5m]))'
                f' or 0 * histogram_count(rate({DURATION}{{job="shop"}}[5m])))'
            ),
        ),
        (
            f'label_values({DURATION}_count{{job="shop"}}, http_route)',
            f'label_values({DURATION}{{job="shop"}}, http_route)',
        ),
    ],
    ids=["count", "sum", "current count", "buckets", "one bucket", "variable"],
)
def test_a_query_reads_the_native_histogram(query: str, expected: str) -> None:
    assert native(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        f"histogram_quantile(0.5, job_le:{DURATION}_bucket:rate)",
        "rate(jaeger_storage_latency_seconds_bucket[5m])",
        "rate(process_cpu_seconds_total[5m])",
    ],
    ids=["recorded series", "histogram of another program", "counter"],
)
def test_other_series_stay(query: str) -> None:
    assert native(query) == query


def artifacts() -> Iterator[str]:
    """Yield the texts of the committed rules, and of the queries of the dashboards."""
    for path in PROMETHEUS.rglob("rules/production/*.yml"):
        yield path.read_text(encoding="utf-8")
    for path in DASHBOARDS.glob("*.json"):
        yield from strings(json.loads(path.read_text(encoding="utf-8")))


def strings(value: object) -> Iterator[str]:
    """Yield every text in *value*, which is JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        yield from (text for part in parts for text in strings(part))


def test_no_rule_and_no_dashboard_reads_a_classic_histogram_afterwards() -> None:
    assert [text for text in map(native, artifacts()) if CLASSIC.search(text)] == []
