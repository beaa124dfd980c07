"""Spans, metrics and context propagation for messages and queue items.

::

    orders = Channel(telemetry, system="kafka", destination="orders")

    headers = []                                # or a dictionary
    with orders.sending(headers):               # writes the context into the headers
        producer.produce("orders", value, headers=headers)

    with orders.processing(message.headers()):  # a new trace, linked to the sender's
        handle(message)

Source: semantic conventions, "Messaging spans".
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, MutableSequence
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind

from instrumentation._setup.telemetry import Telemetry, pipeline_of
from instrumentation._support.guard import qualified_name
from instrumentation.conventions import (
    MESSAGING_CLIENT_CONSUMED_MESSAGES,
    MESSAGING_CLIENT_OPERATION_DURATION_SECONDS,
    MESSAGING_CLIENT_SENT_MESSAGES,
    MESSAGING_PROCESS_DURATION_SECONDS,
    Attribute,
)

if TYPE_CHECKING:
    from prometheus_client import Counter

    from instrumentation._metrics.families import BoundedChildren
    from instrumentation._metrics.histogram import Observer
    from instrumentation._spans.propagators import Incoming

Carrier = MutableMapping[str, str] | MutableSequence[tuple[str, bytes]]
"""Headers of a message: a mapping, or pairs of name and bytes as Kafka's clients use them."""


class Channel:
    """Messages of this service on one topic or queue.

    Args:
        telemetry: Returned by ``instrument()``.
        system: Value of ``messaging.system``, like ``kafka`` or ``rabbitmq``.
        destination: Topic or queue; a label, so from a bounded set.
    """

    def __init__(self, telemetry: Telemetry, *, system: str, destination: str) -> None:
        pipeline = pipeline_of(telemetry)
        families = pipeline.families
        self._tracer = pipeline.tracer
        self._propagators = pipeline.propagators
        self._entry = pipeline.entry
        self._system = system
        self._destination = destination
        self._context_operation = pipeline.guard.operation("message_context")
        self._sent = families.counter(MESSAGING_CLIENT_SENT_MESSAGES)
        self._consumed = families.counter(MESSAGING_CLIENT_CONSUMED_MESSAGES)
        self._operation = families.histogram(MESSAGING_CLIENT_OPERATION_DURATION_SECONDS)
        self._process = families.histogram(MESSAGING_PROCESS_DURATION_SECONDS)

    @contextmanager
    def sending(self, carrier: Carrier) -> Iterator[trace.Span]:
        """Record the block as sending one message, and write the context into *carrier*.

        Args:
            carrier: Headers of the message, changed in place before the block runs.

        Yields:
            The PRODUCER span.
        """
        counts = (self._sent, self._operation)
        with self._span("send", SpanKind.PRODUCER, ()) as span:
            with self._context_operation:
                self._write(carrier)
            with self._count("send", span, *counts):
                yield span

    def _write(self, carrier: Carrier) -> None:
        if isinstance(carrier, MutableMapping):
            self._propagators.inject(carrier)
            return
        headers = self._propagators.outgoing_headers()
        kept = [pair for pair in carrier if pair[0].lower() not in self._propagators.names]
        carrier[:] = kept + [(name, value.encode()) for name, value in headers.items()]

    @contextmanager
    def processing(self, carrier: Incoming | None) -> Iterator[trace.Span]:
        """Record the block as processing one message, in a new trace linked to the sender's.

        A link is used instead of a parent, because a batch or a retry has no single sender. The
        block runs without the surrounding context and without the sender's baggage.

        Args:
            carrier: Headers of the message; None without any.

        Yields:
            The CONSUMER span.
        """
        links: tuple[Link, ...] = ()
        with self._context_operation:
            sender = trace.get_current_span(self._propagators.extract(carrier or {}))
            if sender.get_span_context().is_valid:
                links = (Link(sender.get_span_context()),)
        counts = (self._consumed, self._process)
        token = context_api.attach(self._entry.context())
        try:
            with (
                self._span("process", SpanKind.CONSUMER, links) as span,
                self._count("process", span, *counts),
            ):
                yield span
        finally:
            context_api.detach(token)

    @contextmanager
    def _span(
        self, operation: str, kind: SpanKind, links: tuple[Link, ...]
    ) -> Iterator[trace.Span]:
        with self._tracer.start_as_current_span(
            f"{operation} {self._destination}",
            kind=kind,
            links=links,
            attributes={
                "messaging.system": self._system,
                "messaging.operation.name": operation,
                "messaging.operation.type": operation,
                "messaging.destination.name": self._destination,
            },
        ) as span:
            yield span

    @contextmanager
    def _count(
        self,
        operation: str,
        span: trace.Span,
        messages: BoundedChildren[Counter],
        durations: BoundedChildren[Observer],
    ) -> Iterator[None]:
        """Record the message of the block and its duration, with the type of its exception."""
        failure = ""
        started = perf_counter()
        try:
            yield
        except BaseException as error:
            failure = qualified_name(error)
            raise
        finally:
            labels = (self._system, operation, self._destination, failure)
            messages.child(*labels).inc()
            durations.child(*labels).observe(perf_counter() - started)
            if failure:
                span.set_attribute(Attribute.ERROR_TYPE, failure)
