"""Rules over native histograms have the results of those over classic ones, in Prometheus 3."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sightline.mixin import histograms
from tests.benchmarks.scale import laboratory
from tests.benchmarks.scale.laboratory import Laboratory
from tests.benchmarks.scale.page import Series
from tests.benchmarks.scale.world import World
from tests.exports import adopt, export

WORLD = World(services=1, replicas=2, routes=3)
OBJECTIVES = """\
slos:
  - {service: service-0, name: availability, objective: 99.9, sli: {http: {errors: "5.."}}}
  - {service: service-0, name: latency, objective: 99, sli: {http: {slower_than: 0.25}}}
"""
RECORDED_BUCKETS = re.compile(r"[a-z_]+:[a-z_]+_bucket:rate")
RAW = re.compile(rf"(?<![:\w])({'|'.join(histograms.NAMES)})(_\w+)?[{{\[]")

BETWEEN = 0.77
"""Quantile between those at which ten requests change the bucket."""
FIRST_VALUES = 0.01
"""Relative difference of increases of young counters. Prometheus extrapolates those of a histogram
beyond zero."""

Results = dict[tuple[int, str], float]


@pytest.fixture(scope="module")
def page() -> list[Series]:
    """Series of a service, which are equal in both installations."""
    return laboratory.page(WORLD.routes)


@pytest.fixture(scope="module")
def classic(page: list[Series], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    folder = tmp_path_factory.mktemp("classic")
    with laboratory.running(WORLD, folder, series=page) as lab:
        yield lab


@pytest.fixture(scope="module")
def native(page: list[Series], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    folder = tmp_path_factory.mktemp("native")
    with laboratory.running(WORLD, folder, series=page, native=True) as lab:
        yield lab


def results(lab: Laboratory, folder: Path, kind: histograms.Kind) -> Results:
    """Return the values of the recording rules that read histograms, by number and labels."""
    queries = list(exported(folder, kind))
    return {
        (number, str(sorted(series["metric"].items()))): float(series["value"][1])
        for number, query in enumerate(queries)
        for series in lab.prometheus.ask("query", {"query": query, "time": lab.at})["result"]
    }


def exported(folder: Path, kind: histograms.Kind) -> Iterator[str]:
    """Yield the queries of exported recording rules, with recorded buckets replaced by theirs."""
    adoption = adopt(folder, f"histograms: {kind}\nobjectives: [slos/*.yaml]\n")
    (folder / "slos" / "shop.yaml").write_text(OBJECTIVES)
    files = sorted((export(adoption) / "prometheus" / "rules").glob("*.yml"))
    rules = [rule for file in files for rule in records(file)]
    known = {rule["record"]: rule["expr"] for rule in rules}
    for rule in rules:
        query = inlined(inlined(rule["expr"], known), known)
        is_histogram = RECORDED_BUCKETS.fullmatch(rule["record"])
        if RAW.search(query):
            yield f"histogram_quantile({BETWEEN}, {query})" if is_histogram else query


def records(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the recording rules of *file*."""
    for group in yaml.safe_load(file.read_text())["groups"]:
        yield from (rule for rule in group["rules"] if "record" in rule)


def inlined(query: str, known: dict[str, str]) -> str:
    """Return *query* with the queries of the recorded buckets that it reads."""
    return RECORDED_BUCKETS.sub(lambda found: f"({known[found.group()]})", query)


def test_every_rule_has_the_same_result(
    classic: Laboratory, native: Laboratory, tmp_path_factory: pytest.TempPathFactory
) -> None:
    expected = results(classic, tmp_path_factory.mktemp("rules"), "classic")

    found = results(native, tmp_path_factory.mktemp("rules"), "native")

    assert len({number for number, _ in expected}) > 25
    assert found == pytest.approx(expected, rel=FIRST_VALUES, nan_ok=True)


def test_a_native_histogram_is_one_series(classic: Laboratory, native: Laboratory) -> None:
    instance, duration = 'instance="10.0.0.0:8000"', "http_server_request_duration_seconds"

    assert native.count(f"{duration}{{{instance}}}") == classic.count(
        f"{duration}_count{{{instance}}}"
    )
    assert native.count(f'{{__name__=~"{duration}_.+"}}') == 0
