"""Text and bytes of any size, sent through the library to a real Jaeger."""

import json
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from opentelemetry import trace

from instrumentation import Settings
from instrumentation._setup.telemetry import Telemetry, pipeline_of
from tests.integration.tracestore.trace_store import PROTOBUF, TraceStore, running
from tests.jaeger.conftest import PLAIN, running_jaeger
from tests.jaeger.test_beside_jaeger import as_store
from tests.oversized import LARGEST, REFUSED, REFUSED_WHOLE, SERVICE, Change, request

LONG = "x" * 100_000
EMOJI = "\U0001f600" * 100_000

Act = Callable[[trace.Span], object]


def fail_in(span: trace.Span) -> None:
    """End *span* with an exception in a `with` block."""
    with pytest.raises(ValueError, match="x"), trace.use_span(span):
        raise ValueError(LONG)


ACTS: dict[str, Act] = {
    "name": lambda span: span.update_name(LONG),
    "emoji name": lambda span: span.update_name(EMOJI),
    "message": lambda span: span.record_exception(ValueError(LONG)),
    "emoji message": lambda span: span.record_exception(ValueError(EMOJI)),
    "failed block": fail_in,
    "description": lambda span: span.set_status(trace.StatusCode.ERROR, EMOJI),
    "bytes": lambda span: span.set_attribute("k", b"x" * 40_000),
    "string": lambda span: span.set_attribute("k", EMOJI),
    "key": lambda span: span.set_attribute(EMOJI, EMOJI),
    "array": lambda span: span.set_attribute("k", [LONG] * 10),
    "control": lambda span: span.set_attribute("k", ["\1" * 100_000, "\u2028" * 100_000]),
    "surrogates": lambda span: span.set_attribute("k", "\udc80" * 100_000),
    "map": lambda span: span.set_attribute("k", {key: {LONG: EMOJI} for key in "abcdef"}),
    "bytes in an array": lambda span: span.set_attribute("k", [b"x" * 40_000] * 4),
    "event": lambda span: span.add_event(EMOJI, {EMOJI: EMOJI, "array": [EMOJI, EMOJI]}),
    "link": lambda span: span.add_link(trace.SpanContext(1, 2, is_remote=True), {"k": EMOJI}),
}


@pytest.fixture(scope="module")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraceStore]:
    folder = tmp_path_factory.mktemp("jaeger")
    with running_jaeger(PLAIN, folder, secrets=folder) as started:
        yield as_store(started)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TraceStore]:
    with running(tmp_path_factory.mktemp("ours")) as started:
        yield started


@pytest.fixture(params=["jaeger", "ours"])
def store(request: pytest.FixtureRequest) -> TraceStore:
    selected: TraceStore = request.getfixturevalue(request.param)
    return selected


def telemetry(store: TraceStore, **environ: str) -> Telemetry:
    endpoint = f"http://127.0.0.1:{store.ports.otlp_http}"
    settings = Settings.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **environ})
    return Telemetry(settings, service=SERVICE)


def count_traces(store: TraceStore, service: str, **tags: str) -> int:
    """Return the number of traces that a search returns."""
    path = f"/api/traces?service={quote(service)}&lookback=1h&tags={quote(json.dumps(tags))}"
    return len(store.ask(path).json["data"])


@pytest.mark.parametrize("case", ACTS)
def test_any_content_of_a_span_is_accepted_and_found(store: TraceStore, case: str) -> None:
    with telemetry(store) as running:
        with running.tracer.start_as_current_span(case, attributes={"case": case}) as span:
            ACTS[case](span)
        assert running.flush(30)

        stats = running.stats()

    assert (stats.accepted, stats.exported) == (1, 1)
    assert count_traces(store, SERVICE, case=case) == 1


def test_any_content_of_resource_and_scope_is_accepted_and_found(store: TraceStore) -> None:
    service = "s" * 100_000
    attributes = f"k={quote(EMOJI)}"

    environ = {"OTEL_SERVICE_NAME": service, "OTEL_RESOURCE_ATTRIBUTES": attributes}
    with telemetry(store, **environ) as running:
        provider = pipeline_of(running).tracing.provider
        tracer = provider.get_tracer(EMOJI, LONG, attributes={"k": EMOJI})
        tracer.start_span(LONG, attributes={"k": EMOJI}).end()
        assert running.flush(30)

    assert count_traces(store, "s" * 1024) == 1


@pytest.mark.parametrize(
    ("change", "stored"),
    [
        *((change, (True, True, True)) for change in LARGEST.values()),
        *((change, (True, False, True)) for change in REFUSED.values()),
        *((change, (False, False, False)) for change in REFUSED_WHOLE.values()),
    ],
    ids=[*LARGEST, *(f"{name} too long" for name in REFUSED), *REFUSED_WHOLE],
)
def test_both_reject_the_same_spans(
    store: TraceStore, change: Change, stored: tuple[bool, bool, bool]
) -> None:
    sent = request(change)

    answer = store.send(sent.body, PROTOBUF)

    assert answer.status == (200 if all(stored) else 503)
    ids = (sent.small[0], sent.large, sent.small[1])
    assert tuple(store.ask(f"/api/traces/{one}").status == 200 for one in ids) == stored
