"""Every metric that a rule, a dashboard or a runbook reads has an emitter."""

from collections.abc import Collection, Iterable, Mapping
from copy import copy

import pytest

from instrumentation.conventions import METRICS
from instrumentation.metric import Metric
from sightline.mixin import foreign
from tests import emitters
from tests.readers import Reader, readers, sources

WITHOUT_EMITTER = frozenset({"fault_injected"})
"""Metrics that no code of this repository emits yet. This list may only shrink."""

KNOWN = {series for metric in METRICS.values() for series in metric.series}
READERS = readers(KNOWN)

Emitted = Mapping[str, Collection[str]]
"""Names of series by emitter."""


@pytest.fixture(scope="module")
def emitted() -> Emitted:
    return emitters.emitted()


def without_emitter(metrics: Iterable[Metric], emitted: Emitted) -> set[str]:
    """Return the names of *metrics* with a series that their emitter does not emit."""
    return {
        metric.name for metric in metrics if not set(metric.series) <= set(emitted[metric.emitter])
    }


def unknown(reader: Reader, emitted: Emitted) -> set[str]:
    """Return the series that *reader* reads and neither our code nor another program emits."""
    ours = {name for names in emitted.values() for name in names}
    excused = {series for name in WITHOUT_EMITTER for series in METRICS[name].series}
    return sources(reader.series) - ours - foreign.NAMES - excused


def test_every_metric_is_emitted_except_those_of_the_list(emitted: Emitted) -> None:
    assert without_emitter(METRICS.values(), emitted) == WITHOUT_EMITTER


@pytest.mark.parametrize("reader", READERS, ids=str)
def test_everything_that_is_read_has_an_emitter(reader: Reader, emitted: Emitted) -> None:
    assert unknown(reader, emitted) == set()


def test_the_python_client_emits_what_the_table_says(emitted: Emitted) -> None:
    assert set(foreign.PYTHON_CLIENT) - set(emitted[emitters.LIBRARY]) == set()


def test_all_kinds_of_readers_are_found() -> None:
    assert {reader.kind for reader in READERS} == {
        *("alert", "annotation", "panel", "recording rule", "runbook", "variable"),
    }


def test_the_check_finds_a_metric_without_an_emitter() -> None:
    planted = copy(METRICS["traffic_requests"])
    planted.name = "planted"

    found = without_emitter([planted], {"instrumentation": ["planted_total"], "services": []})

    assert found == {"planted"}


def test_the_check_finds_a_reader_of_a_metric_without_an_emitter(emitted: Emitted) -> None:
    planted = Reader(kind="alert", name="Planted", series=frozenset({"planted_total", "up"}))

    assert unknown(planted, emitted) == {"planted_total"}


def test_a_recorded_series_stands_for_what_its_rule_reads() -> None:
    assert "http_server_request_duration_seconds_count" in sources(
        {"job:http_server_requests:rate"}
    )
