"""A service samples as the collector says, and goes on when the collector is gone."""

from collections.abc import Iterator
from threading import enumerate as enumerate_threads

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
        started=started.labels,
    )
    yield sampler
    sampler.close()


def sampled(sampler: RemoteSampler) -> bool:
    """Whether a trace that begins now is sampled."""
    span = TracerProvider(sampler=sampler, shutdown_on_exit=False).get_tracer("t").start_span("x")
    return span.get_span_context().trace_flags.sampled


def test_the_collectors_strategy_replaces_the_first_ratio(
    jaeger: SamplingServer, sampler: RemoteSampler
) -> None:
    until(lambda: sampled(sampler), within_seconds=30)

    assert jaeger.asked[0] == "/sampling?service=shop%20%26%20co"


def test_a_new_strategy_is_taken_over_while_the_service_runs(
    jaeger: SamplingServer, sampler: RemoteSampler
) -> None:
    until(lambda: sampled(sampler), within_seconds=30)

    jaeger.strategy = NOTHING

    until(lambda: not sampled(sampler), within_seconds=30)


@pytest.mark.parametrize(("status", "answer"), [(500, NOTHING), (200, {"none": "at all"})])
def test_the_last_good_strategy_outlives_the_collector(
    jaeger: SamplingServer,
    sampler: RemoteSampler,
    caplog: pytest.LogCaptureFixture,
    status: int,
    answer: dict[str, str],
) -> None:
    until(lambda: sampled(sampler), within_seconds=30)

    jaeger.status, jaeger.strategy = status, answer
    until(lambda: "cannot be had" in caplog.text, within_seconds=30)
    assert sampled(sampler)
    jaeger.status, jaeger.strategy = 200, EVERYTHING

    until(lambda: "are back" in caplog.text, within_seconds=30)
    assert len(caplog.messages) == 2


def test_an_answer_that_is_too_deep_to_read_is_no_strategy(
    jaeger: SamplingServer, sampler: RemoteSampler, caplog: pytest.LogCaptureFixture
) -> None:
    until(lambda: sampled(sampler), within_seconds=30)

    jaeger.raw = b"[" * 500_000
    until(lambda: "cannot be had" in caplog.text, within_seconds=30)
    assert sampled(sampler)
    jaeger.raw, jaeger.strategy = b"", NOTHING

    until(lambda: not sampled(sampler), within_seconds=30)


def test_a_service_without_a_collector_samples_its_first_ratio() -> None:
    arguments = RemoteArguments.parse("endpoint=http://127.0.0.1:1,initialSamplingRate=1")
    started = Counter("started", "", ["origin", "result"], registry=None)

    sampler = RemoteSampler(arguments, service="s", parent_based=False, started=started.labels)

    assert sampled(sampler)
    sampler.close()


def pollers() -> int:
    """Return the number of threads that ask for strategies."""
    return sum(thread.name == "remote-sampler" for thread in enumerate_threads())


@FORKS
def test_a_forked_child_asks_for_itself_once_it_has_a_trace_to_decide_on(
    sampler: RemoteSampler,
) -> None:
    until(lambda: sampled(sampler), within_seconds=30)

    threads = said_in_child(lambda: [pollers(), sampler.root(1, "GET"), pollers()])

    assert threads == "[0, True, 1]"


@FORKS
def test_a_forked_child_does_not_ask_for_a_sampler_that_was_closed(sampler: RemoteSampler) -> None:
    sampler.close()

    threads = said_in_child(lambda: [sampler.root(1, "GET"), pollers()][-1])

    assert threads == "0"


def test_a_service_asks_for_it_by_opentelemetrys_variables(jaeger: SamplingServer) -> None:
    settings = Settings.from_env(
        {
            "OTEL_TRACES_SAMPLER": "parentbased_jaeger_remote",
            "OTEL_TRACES_SAMPLER_ARG": f"endpoint={jaeger.endpoint},initialSamplingRate=0",
            "OTEL_TRACES_EXPORTER": "none",
        }
    )

    tracing = build(settings, service="shop", registry=CollectorRegistry())

    until(lambda: tracing.sampler.samples(1, None, "GET /orders/7"), within_seconds=60)
    assert jaeger.asked[0] == "/sampling?service=shop"
