"""Limits of CI on the samples of rules and dashboards, which no load of the machine changes.

The services are few. The limits are those of `docs/scale.md`, at the size of this world.
"""

from collections.abc import Iterator

import pytest

from sightline.artifacts import DASHBOARDS, PROMETHEUS
from tests.benchmarks.scale import boards, laboratory
from tests.benchmarks.scale.laboratory import Laboratory
from tests.benchmarks.scale.rules import costs, files, groups
from tests.benchmarks.scale.world import World

SMALL = World(services=2, replicas=3, routes=10)
RULES = files(PROMETHEUS / "rules" / "production")
FULL_SERIES = 12_000_000
MOST_SAMPLES = 5_000_000
MOST_READS = 5
"""Samples that all rules read in 30 s, relative to the number of series. Another rule that reads
the buckets of each route would add as much."""
MOST_READS_OF_A_LOAD = 20
"""Samples that a dashboard reads, relative to the number of series. One more panel that reads the
buckets of a service at each step would add 28."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """Prometheus with the samples of a few services and the results of the rules."""
    with laboratory.running(SMALL, tmp_path_factory.mktemp("prometheus")) as lab:
        lab.record(RULES)
        yield lab


def series(lab: Laboratory) -> int:
    return lab.count('{job=~"service-.*", __name__!~".+:.+"}')


def test_no_rule_holds_more_than_five_million_samples_of_twelve_million_series(
    lab: Laboratory,
) -> None:
    size = FULL_SERIES / series(lab)

    found = [
        one for group in groups(RULES) for one in costs(lab.prometheus, group, at=lab.at, rounds=1)
    ]

    assert {one.rule for one in found if one.cost.peak_samples * size > MOST_SAMPLES} == set()


def test_all_rules_read_few_samples_of_each_series(lab: Laboratory) -> None:
    reads = sum(
        one.cost.read_samples * 30 / group.interval_seconds
        for group in groups(RULES)
        for one in costs(lab.prometheus, group, at=lab.at, rounds=1)
    )

    assert reads / series(lab) <= MOST_READS


@pytest.mark.parametrize("dashboard", ["fleet", "service"])
def test_a_load_of_a_dashboard_reads_few_samples_of_each_series(
    lab: Laboratory, dashboard: str
) -> None:
    path = DASHBOARDS / f"{dashboard}.json"

    found = [
        boards.cost(lab.prometheus, question, rounds=1)
        for question in boards.questions(path, service="service-0", at=lab.at)
    ]

    assert sum(cost.read_samples for cost in found) / series(lab) <= MOST_READS_OF_A_LOAD
