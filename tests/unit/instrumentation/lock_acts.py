"""Actions of a hostile service under the lock checker: ``python lock_acts.py`` prints a report.

Each act does with one part of the library what a service may do, with objects whose every method
tells the checker that it runs.
"""
# ruff: noqa: ANN401, E402  hostile code has any type, and the library is imported once its locks are checked

import asyncio
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

from tests.lock_checker import Checker, report

CHECKER = Checker()
CHECKER.install()

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from prometheus_client import Gauge
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from instrumentation import OTLPExporter, Settings, TelemetryMiddleware
from instrumentation._sampling.strategies import RateLimiting
from instrumentation._scrape.snapshot import RegistryReader
from instrumentation._scrape.worker_directory import WorkerDirectory
from instrumentation._scrape.workers import Workers
from instrumentation._setup.telemetry import Telemetry, pipeline_of
from instrumentation._spans.span import RequestSpan
from tests.asgi import answer, scope
from tests.injection import injected

CONTEXT = trace.SpanContext(1, 2, is_remote=False, trace_flags=trace.TraceFlags(1))


def checked(kind: str, answer: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that notifies the checker and returns the result of *answer*."""

    def method(*given: Any, **named: Any) -> Any:
        CHECKER.service_code(kind)
        return answer(*given, **named)

    return method


class Thing:
    """Object of the service."""

    __str__ = checked("__str__", lambda _: "thing")
    __repr__ = checked("__repr__", lambda _: "thing")
    __hash__ = checked("__hash__", lambda _: 7)
    __eq__ = checked("__eq__", lambda *_: False)
    __bool__ = checked("__bool__", lambda _: True)


class Text(str):
    """String of the service."""

    __slots__ = ()
    __str__ = checked("str.__str__", str.__str__)
    __hash__ = checked("str.__hash__", str.__hash__)
    __eq__ = checked("str.__eq__", str.__eq__)
    __getitem__ = checked("str.__getitem__", str.__getitem__)
    __len__ = checked("str.__len__", str.__len__)
    encode = checked("str.encode", str.encode)


class Things(dict[str, Any]):
    """Mapping of the service."""

    items = checked("items", dict.items)
    __iter__ = checked("__iter__", dict.__iter__)


class ThingError(Exception):
    """Error of the service."""

    __str__ = checked("error.__str__", lambda _: "failed")


class Handler(logging.Handler):
    """Log handler of the service that adds records to the span as events."""

    def emit(self, record: logging.LogRecord) -> None:
        CHECKER.service_code("log handler")
        trace.get_current_span().add_event(record.getMessage())


class Processor(SpanProcessor):
    """Span processor of the service."""

    on_start = checked("on_start", lambda *_, **__: None)
    on_end = checked("on_end", lambda *_: None)


class Things2(Collector):
    """Collector of the service."""

    def collect(self) -> Iterator[Metric]:
        CHECKER.service_code("collect")
        yield Metric("things", "Help.", "gauge")


class World:
    """A service with a span of a request in flight."""

    def __init__(self, **environ: str) -> None:

        settings = Settings.from_env(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
                "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "3",
                "OTEL_SPAN_EVENT_COUNT_LIMIT": "2",
                **environ,
            }
        )
        self.telemetry: Telemetry = Telemetry(settings, service="shop", metrics_path="/metrics")
        self.pipeline = pipeline_of(self.telemetry)
        self.origin = self.pipeline.tracing.origin
        self.span = RequestSpan(self.origin, "GET", CONTEXT, None, [])

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._stack.callback(self.telemetry.shutdown, 0.2)
        self._stack.enter_context(trace.use_span(self.span))
        CHECKER.interrupt = self.interrupt
        return self

    def __exit__(self, *_: object) -> None:
        CHECKER.interrupt = lambda: None
        self._stack.close()

    def interrupt(self) -> None:
        """Call the library as a finalizer or signal handler of the service may."""
        self.span.set_attribute("late", 1)
        self.span.add_event("late")
        self.telemetry.tracer.start_span("late").end()
        self.pipeline.families.counter("messaging_client_consumed_messages").child(
            "a", "b", "c", ""
        ).inc()
        with self.pipeline.guard.operation("late"):
            raise ValueError("late")
        self.pipeline.requests.series.child("GET", "/late", 200, "").observe(0.1, 1, CONTEXT, 0.0)
        with suppress(ValueError):  # already registered
            Gauge("late", "Help.", registry=self.telemetry.registry)
        logging.getLogger("shop").warning("Unclosed client session")


def attributes() -> None:
    with World() as world:
        world.span.set_attribute("thing", Thing())  # type: ignore[arg-type]  # wider than its annotation
        world.span.set_attribute(Thing(), [Thing(), Text("x")])  # type: ignore[arg-type,list-item]  # as above
        world.span.set_attributes(Things(a=Thing(), b=1, c=Text("y"), d=2))
        world.span.set_attribute(Text("over"), Text("the limit"))


def events_links_and_names() -> None:
    with World() as world:
        for _number in range(4):
            world.span.add_event(Thing(), Things(a=Thing()))  # type: ignore[arg-type]  # as above
            world.span.add_link(CONTEXT, Things(a=Thing()))
        world.span.record_exception(ThingError())
        world.span.update_name(Thing())  # type: ignore[arg-type]  # as above
        world.span.set_status(trace.StatusCode.ERROR, Text("reason"))
        world.span.end()


def spans_in_export() -> None:
    with World() as world:
        world.pipeline.tracing.provider.add_span_processor(Processor())  # type: ignore[attr-defined]  # the SDK's
        world.span.set_attribute("text", Text("value"))
        world.span.end()
        broken: Any = 5
        world.origin.processor.on_end(ReadableSpan("broken", CONTEXT, status=broken))
        for number in range(70):
            world.telemetry.tracer.start_span(f"child {number}").end()
        world.telemetry.flush(0.2)


def label_values() -> None:
    with World() as world:
        families = world.pipeline.families
        counter = families.counter("messaging_client_consumed_messages")
        counter.child(Thing(), Thing(), Text("c"), Thing()).inc()
        families.histogram("http_client_request_duration_seconds").child(
            "GET", Text("host"), 80, Thing(), ""
        ).observe(0.1)
        world.pipeline.requests.series.child("GET", "/", 200, "").observe(0.1, 1, CONTEXT, 0.0)


def collectors() -> None:
    with World() as world:
        gauge = Gauge("age", "Help.", registry=world.telemetry.registry)
        gauge.set_function(checked("set_function", lambda: 1.0))
        world.telemetry.registry.register(Things2())
        world.pipeline.page().snapshot()


def workers() -> None:

    with World() as world, tempfile.TemporaryDirectory() as root:
        guard = world.pipeline.guard
        world.telemetry.registry.register(Things2())
        samples = RegistryReader(world.telemetry.registry, operation=guard.operation("scrape"))
        directory = WorkerDirectory("page", root=Path(root) / "w", server=os.getpid())
        together = Workers(samples, directory, guard)
        together.snapshot()
        with injected(
            world.telemetry.registry,
            (directory, "path"),
            fault=Path("/nowhere"),  # every write fails
            operation="workers_answer",
        ):
            together.close()


def workers_without_a_directory() -> None:
    before, tempfile.tempdir = tempfile.tempdir, "/proc"
    os.environ["SERVER_SOFTWARE"] = "gunicorn"
    with World() as world:
        world.pipeline.page().snapshot()
    del os.environ["SERVER_SOFTWARE"]
    tempfile.tempdir = before


def requests() -> None:

    async def shop(scope: Any, receive: Any, send: Any) -> None:
        trace.get_current_span().set_attribute("thing", Thing())  # type: ignore[arg-type]  # as above
        del receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        if scope["path"] == "/boom":
            raise ThingError

    with World() as world:
        app = TelemetryMiddleware(shop, world.telemetry)
        for path in ("/", "/boom", "/metrics"):
            with suppress(ThingError):
                asyncio.run(answer(app, scope(path)))


def sampling() -> None:

    with World():
        limited = RateLimiting(1.0, clock=checked("clock", lambda: 1.0))
        limited(1, "GET")


def log_records() -> None:
    with World(OTEL_LOGS_EXPORTER="otlp"):
        logging.getLogger("shop").warning("%s", Thing(), extra={"thing": Thing()})


def stock_exporter() -> None:
    with World(OTEL_TRACES_EXPORTER="otlp_proto_http") as world:
        world.span.set_attribute("text", Text("value"))
        world.span.end()


def exporter_in_the_services_own_pipeline() -> None:

    with World() as world:
        exporter = OTLPExporter(endpoint="http://127.0.0.1:9/v1/traces", timeout_seconds=0.1)
        world.span.end()
        event: Any = [Thing()]
        exporter.export(
            [ReadableSpan("text", CONTEXT, attributes=Things(a=Text("v")), events=event)]
        )
        exporter.shutdown()


ACTS: list[Callable[[], None]] = [
    attributes,
    events_links_and_names,
    spans_in_export,
    label_values,
    collectors,
    workers,
    workers_without_a_directory,
    requests,
    sampling,
    log_records,
    stock_exporter,
    exporter_in_the_services_own_pipeline,
]

if __name__ == "__main__":
    logging.getLogger().addHandler(Handler())
    report({act.__name__: act for act in ACTS}, CHECKER)
