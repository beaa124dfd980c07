"""Messages and queue items that carry their trace.

::

    orders = Channel(telemetry, system="kafka", destination="orders")

    headers = []                                # or a dictionary
    with orders.sending(headers):               # writes the context into the headers
        producer.produce("orders", value, headers=headers)

    with orders.processing(message.headers()):  # a trace of its own, linked to the sender's
        handle(message)

Source: semantic conventions, "Messaging spans".
"""

from collections.abc import Iterator, MutableMapping, MutableSequence
from contextlib import contextmanager
from time import perf_counter

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind
from prometheus_client import Counter

from instrumentation._metrics.families import Bounded
from instrumentation._metrics.histogram import Observer
from instrumentation._setup.telemetry import Telemetry
from instrumentation._spans.propagation import Incoming
from instrumentation._support.guard import qualified_name

Carrier = MutableMapping[str, str] | MutableSequence[tuple[str, bytes]]
"""Headers of a message: a dictionary, or pairs as Kafka's clients take them."""


class Channel:
    """A topic or queue as this service uses it.

    Args:
        telemetry: What ``instrument()`` returned.
        system: ``kafka``, ``rabbitmq``, or what else moves the messages.
        destination: The topic or queue. Bounded: it is a label.
    """

    def __init__(self, telemetry: Telemetry, *, system: str, destination: str) -> None:
        families = telemetry.families
        self._tracer = telemetry.tracer
        self._propagators = telemetry.propagators
        self._entry = telemetry.entry
        self._system = system
        self._destination = destination
        self._carrying = telemetry.guard.operation("message_context")
        self._sent = families.counter("messaging_client_sent_messages")
        self._consumed = families.counter("messaging_client_consumed_messages")
        self._operation = families.histogram("messaging_client_operation_duration_seconds")
        self._process = families.histogram("messaging_process_duration_seconds")

    @contextmanager
    def sending(self, carrier: Carrier) -> Iterator[trace.Span]:
        """Send one message in the block; *carrier* gets the context to send along."""
        counts = (self._sent, self._operation)
        with self._span("send", SpanKind.PRODUCER, ()) as span:
            with self._carrying:
                self._write(carrier)
            with self._counted("send", span, *counts):
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
        """Process one message in the block, in a trace of its own that links to the sender's.

        A batch or a retry belongs to no single sender, so that a link says more than a parent.
        Nothing of the surrounding context reaches the block, and no baggage of the sender.

        Args:
            carrier: The message's headers; None: it has none.
        """
        links: tuple[Link, ...] = ()
        with self._carrying:
            sender = trace.get_current_span(self._propagators.extract(carrier or {}))
            if sender.get_span_context().is_valid:
                links = (Link(sender.get_span_context()),)
        counts = (self._consumed, self._process)
        token = context_api.attach(self._entry.context())
        try:
            with (
                self._span("process", SpanKind.CONSUMER, links) as span,
                self._counted("process", span, *counts),
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
    def _counted(
        self,
        operation: str,
        span: trace.Span,
        messages: Bounded[Counter],
        durations: Bounded[Observer],
    ) -> Iterator[None]:
        """Count the message of the block and how long it took, by the exception that ended it."""
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
                span.set_attribute("error.type", failure)
