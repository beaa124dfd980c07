"""Sampling by a collector's strategies, also when the collector is down."""

import random
from collections.abc import Iterator
from threading import enumerate as running_threads

import pytest
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry, Counter

from instrumentation._sampling.remote import RemoteArguments, RemoteSampler
from instrumentation._setup.provider import build
from instrumentation.settings import Settings
from tests.fakes import SamplingServer
from tests.forks import said_in_child
from tests.waiting import until

EVERYTHING = {"probabilisticSampling": {"samplingRate": 1}}
FORKS = pytest.mark.filterwarnings("ignore:This process .* multi-threaded:DeprecationWarning")
NOTHING = {"probabilisticSampling": {"samplingRate": 0}}


@pytest.fixture
def jaeger() -> Iterator[SamplingServer]:
    with SamplingServer(EVERYTHING) as jaeger:
        yield jaeger


@pytest.fixture
def sampler(jaeger: SamplingServer) -> Iterator[RemoteSampler]:
    arguments = f"endpoint={jaeger.endpoint},pollingIntervalMs=100,initialSamplingRate=0"
    started = Counter("started", "", ["origin", "result"], registry=None)
    sampler = RemoteSampler(
        RemoteArguments.parse(arguments),
        service="shop & co",
        parent_based=True,
        started_counter=started.labels,
    )
    yield sampler
    sampler.close()


def sampled(sampler: RemoteSampler) -> bool:
    """Return whether a new trace is sampled."""
    span = TracerProvider(sampler=sampler, shutdown_on_exit=False).get_tracer("t").start_span("x")
    return span.get_span_context().trace_flags.sampled


def pollers() -> int:
    """Return the number of threads that poll a collector."""
    return sum(thread.name == "remote-sampler" for thread in running_threads())


def test_the_collectors_strategy_replaces_the_initial_ratio(
    jaeger: SamplingServer, sampler: RemoteSampler
) -> None:
    until(lambda: sampled(sampler), within_seconds=30)

    assert jaeger.asked[0] == "/sampling?service=shop%20%26%20co"


def test_a_new_strategy_is_applied_while_the_service_runs(
    jaeger: SamplingServer, sampler: RemoteSampler
) -> None:
    until(lambda: sampled(sampler), within_seconds=30)

    jaeger.strategy = NOTHING

    until(lambda: not sampled(sampler), within_seconds=30)


@pytest.mark.usefixtures("sampler")
def test_polling_leaves_the_random_numbers_of_the_service_alone(jaeger: SamplingServer) -> None:
    before = random.getstate()

    until(lambda: len(jaeger.asked) > 2, within_seconds=30)

    assert random.getstate() == before


@pytest.mark.parametrize(("status", "answer"), [(500, NOTHING), (200, {"none": "at all"})])
def test_the_last_valid_strategy_stays_in_force_when_the_collector_fails(
    jaeger: SamplingServer,
    sampler: RemoteSampler,
    caplog: pytest.LogCaptureFixture,
    status: int,
    answer: dict[str, str],
) -> None:
    until(lambda: sampled(sampler), within_seconds=30)

    jaeger.status, jaeger.strategy = status, answer
    until(lambda: "cannot fetch" in caplog.text, within_seconds=30)
    assert sampled(sampler)
    jaeger.status, jaeger.strategy = 200, EVERYTHING

    until(lambda: "are available" in caplog.text, within_seconds=30)
    assert len(caplog.messages) == 2


def test_a_response_that_is_nested_too_deeply_is_ignored(
    jaeger: SamplingServer, sampler: RemoteSampler, caplog: pytest.LogCaptureFixture
) -> None:
    until(lambda: sampled(sampler), within_seconds=30)

    jaeger.raw = b"[" * 500_000
    until(lambda: "cannot fetch" in caplog.text, within_seconds=30)
    assert sampled(sampler)
    jaeger.raw, jaeger.strategy = b"", NOTHING

    until(lambda: not sampled(sampler), within_seconds=30)


def test_a_service_without_a_collector_samples_the_initial_ratio() -> None:
    arguments = RemoteArguments.parse("endpoint=http://127.0.0.1:1,initialSamplingRate=1")
    started = Counter("started", "", ["origin", "result"], registry=None)

    sampler = RemoteSampler(
        arguments, service="s", parent_based=False, started_counter=started.labels
    )

    assert sampled(sampler)
    sampler.close()


@FORKS
def test_a_forked_child_starts_to_poll_with_its_first_decision(
    sampler: RemoteSampler,
) -> None:
    until(lambda: sampled(sampler), within_seconds=30)

    found = said_in_child(lambda: [pollers(), sampler.sample_root(1, "GET"), pollers()])

    assert found == "[0, True, 1]"


@FORKS
def test_a_forked_child_does_not_poll_for_a_closed_sampler(sampler: RemoteSampler) -> None:
    sampler.close()

    found = said_in_child(lambda: [sampler.sample_root(1, "GET"), pollers()][-1])

    assert found == "0"


def test_opentelemetrys_variables_enable_remote_sampling(jaeger: SamplingServer) -> None:
    settings = Settings.from_env(
        {
            "OTEL_TRACES_SAMPLER": "parentbased_jaeger_remote",
            "OTEL_TRACES_SAMPLER_ARG": f"endpoint={jaeger.endpoint},initialSamplingRate=0",
            "OTEL_TRACES_EXPORTER": "none",
        }
    )

    tracing = build(settings, service="shop", registry=CollectorRegistry())

    until(lambda: tracing.sampler.is_sampled(1, None, "GET /orders/7"), within_seconds=60)
    assert jaeger.asked[0] == "/sampling?service=shop"
