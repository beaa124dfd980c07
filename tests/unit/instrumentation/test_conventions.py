"""The metric table follows the naming rules of Prometheus and OpenTelemetry."""

import re

import pytest

from instrumentation.conventions import METRICS
from instrumentation.metric import Metric

UNIT_SUFFIXES = {"s": "_seconds", "By": "_bytes"}


def name(metric: Metric) -> str:
    return metric.name


@pytest.mark.parametrize("metric", METRICS.values(), ids=name)
def test_names_and_labels_are_valid_in_prometheus(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", metric.name)
    assert [label for label in metric.labels if not re.fullmatch(r"[a-z][a-z0-9_]*", label)] == []


@pytest.mark.parametrize("metric", METRICS.values(), ids=name)
def test_the_name_ends_with_the_unit(metric: Metric) -> None:
    assert metric.name.endswith(UNIT_SUFFIXES.get(metric.unit, ""))


@pytest.mark.parametrize("metric", METRICS.values(), ids=name)
def test_only_a_histogram_has_buckets_and_they_increase(metric: Metric) -> None:
    assert bool(metric.buckets) == (metric.type == "histogram")
    assert list(metric.buckets) == sorted(set(metric.buckets))


@pytest.mark.parametrize("metric", METRICS.values(), ids=name)
def test_help_is_a_sentence(metric: Metric) -> None:
    assert metric.help[0].isupper() or metric.help[0].isdigit()
    assert metric.help.endswith(".")


def test_each_type_lists_the_series_that_prometheus_stores() -> None:
    assert METRICS["traffic_requests"].series == ("traffic_requests_total",)
    assert METRICS["app_build"].series == ("app_build_info",)
    assert METRICS["http_server_active_requests"].series == ("http_server_active_requests",)
    assert METRICS["python_gc_pause_seconds"].series == (
        "python_gc_pause_seconds_bucket",
        "python_gc_pause_seconds_count",
        "python_gc_pause_seconds_sum",
    )
