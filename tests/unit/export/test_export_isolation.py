"""Isolation of poison spans by splitting packets; all other spans are delivered."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value
from opentelemetry.sdk.resources import Resource

from instrumentation._export.isolation import MAX_PROBES
from instrumentation._export.outage_log import OutageLog
from instrumentation._export.processor import ExportStats
from instrumentation._export.queue import SpanQueue
from instrumentation._export.verdict import Accepted, Failed, Refused, Verdict
from instrumentation._export.worker import Backoff, Sender, build_packet
from instrumentation._otlp.request import OriginEncoder, decode_request
from instrumentation._settings.export import ExportSettings
from instrumentation._support.compression import decompress

SETTINGS = ExportSettings.from_env({})._replace(max_batch_spans=1)
UNAVAILABLE = Failed(cause="503", detail="HTTP 503")
BAD_REQUEST = Refused(cause="400", detail="HTTP 400")
REFUSALS = [UNAVAILABLE, BAD_REQUEST]


class PoisonRefusingTransport:
    """Transport to a collector that answers *refusal* to requests with a poison span."""

    def __init__(self, poison: Callable[[bytes], bool], refusal: Verdict) -> None:
        self._poison = poison
        self._refusal = refusal
        self.sent: Counter[bytes] = Counter()
        self.taken: Counter[bytes] = Counter()
        self.sizes: set[int] = set()
        self.bodies: set[bytes] = set()
        self.attempts = 0
        self.on_attempt: Callable[[], None] = lambda: None

    def send(self, body: bytes, deadline: float) -> Verdict:
        del deadline
        self.attempts += 1
        self.on_attempt()
        spans = [span for _, span in decode_request(decompress(body))]
        self.sent.update(spans)
        self.sizes.add(len(spans))
        self.bodies.add(body)
        if any(map(self._poison, spans)):
            return self._refusal
        self.taken.update(spans)
        return Accepted()

    def abort(self) -> None: ...

    def close(self) -> None: ...


def span(number: int) -> bytes:
    return b"%d" % number


def queue_of(*batches: int) -> SpanQueue:
    """Return a queue with one packet per batch size; spans are numbered consecutively."""
    queue = SpanQueue(SETTINGS)
    origin = OriginEncoder().encode(Resource({}), None)
    for batch in batches:
        first = queue.stats().accepted
        queue.put([(None, span(first + number)) for number in range(batch)])
        taken = queue.take_batch()
        assert taken is not None
        queue.add_packets([build_packet([(origin, message) for _, message in taken[1]], taken[0])])
    return queue


def sender(queue: SpanQueue, transport: PoisonRefusingTransport) -> Sender:
    """Return a sender with a backoff of zero."""
    backoff = Backoff(first_seconds=0.0)
    log = OutageLog("http://c")
    return Sender(queue, transport, log=log, observe=lambda *_: None, backoff=backoff)


def exported(queue: SpanQueue, transport: PoisonRefusingTransport) -> ExportStats:
    """Return the statistics once the queue is empty."""
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(sender(queue, transport).run)
        queue.flush(30)
        stats = queue.stats()
        queue.abandon()
    sending.result()
    return stats


def abandon_after(attempts: int, transport: PoisonRefusingTransport, queue: SpanQueue) -> None:
    if transport.attempts >= attempts:
        queue.abandon()


def among(*numbers: int) -> Callable[[bytes], bool]:
    return frozenset(map(span, numbers)).__contains__


POSITIONS = st.sets(st.integers(min_value=0, max_value=99), max_size=5)


@pytest.mark.parametrize("refusal", REFUSALS)
@settings(max_examples=50)
@given(poison=POSITIONS, batches=st.sampled_from([(100, 1), (50, 50, 1), (1, 29, 70, 1)]))
def test_exactly_the_poison_spans_are_dropped(
    refusal: Verdict, poison: set[int], batches: tuple[int, ...]
) -> None:
    transport = PoisonRefusingTransport(among(*poison), refusal)

    stats = exported(queue_of(*batches), transport)

    assert (stats.exported, stats.dropped["refused"]) == (101 - len(poison), len(poison))
    assert set(transport.taken) == {span(number) for number in range(101) if number not in poison}
    assert max(transport.taken.values()) == 1


def test_poison_in_every_packet_is_isolated_packet_by_packet() -> None:
    transport = PoisonRefusingTransport(lambda message: int(message) % 50 == 25, UNAVAILABLE)

    stats = exported(queue_of(*[50] * 40), transport)

    assert (stats.exported, stats.dropped["refused"], stats.queued) == (1960, 40, 0)
    assert sum(transport.sent.values()) < 6 * 2000


@settings(max_examples=30)
@given(poison=st.integers(min_value=0, max_value=511))
def test_poison_in_the_only_packet_is_isolated(poison: int) -> None:
    transport = PoisonRefusingTransport(among(poison), UNAVAILABLE)

    stats = exported(queue_of(512), transport)

    assert (stats.exported, stats.dropped["refused"], stats.queued) == (511, 1, 0)


@settings(max_examples=30)
@given(poison=st.integers(min_value=0, max_value=511))
def test_good_spans_are_sent_four_times_on_average_at_most(poison: int) -> None:
    transport = PoisonRefusingTransport(among(poison), UNAVAILABLE)

    exported(queue_of(512, 1), transport)

    assert sum(transport.sent.values()) - transport.sent[span(poison)] <= 4 * 512


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_collector_that_accepts_nothing_is_an_outage(refusal: Verdict) -> None:
    queue, transport = queue_of(64, 64, 64), PoisonRefusingTransport(lambda _: True, refusal)
    transport.on_attempt = partial(abandon_after, 500, transport, queue)

    sender(queue, transport).run()

    assert queue.stats().dropped["shutdown"] == queue.stats().accepted == 192
    assert len(transport.bodies) <= 3 + 2 * MAX_PROBES


@pytest.mark.parametrize("refusal", REFUSALS)
def test_spans_queued_during_an_outage_are_exported_after_it(refusal: Verdict) -> None:
    transport = PoisonRefusingTransport(lambda _: transport.attempts < 500, refusal)

    stats = exported(queue_of(64, 64, 64), transport)

    assert (stats.exported, sum(stats.dropped.values())) == (192, 0)


def test_packets_are_not_split_for_an_overloaded_collector() -> None:
    transport = PoisonRefusingTransport(lambda _: transport.attempts % 10 > 0, UNAVAILABLE)

    stats = exported(queue_of(*[20] * 100), transport)

    assert (stats.exported, sum(stats.dropped.values())) == (2000, 0)
    assert transport.attempts < 1.5 * 10 * 100


def test_a_shutdown_during_an_isolation_sends_every_good_span() -> None:
    queue, transport = (
        queue_of(64, 64, 64, 64),
        PoisonRefusingTransport(among(0, 70, 140, 255), UNAVAILABLE),
    )
    queue.close(deadline=monotonic() + 30)

    sender(queue, transport).run()

    stats = queue.stats()
    assert (stats.exported, stats.dropped["refused"], stats.dropped["shutdown"]) == (252, 4, 0)


def test_the_sender_does_not_suppress_instrumentation_of_its_caller() -> None:
    queue = queue_of(1)
    queue.close(deadline=monotonic() + 30)

    sender(queue, PoisonRefusingTransport(among(), UNAVAILABLE)).run()

    assert get_value(_SUPPRESS_INSTRUMENTATION_KEY) is None


def test_a_throttled_packet_is_neither_split_nor_dropped() -> None:
    throttled = Failed(cause="429", retry_after_seconds=0.0, throttled=True)
    transport = PoisonRefusingTransport(lambda _: transport.attempts % 3 > 0, throttled)

    stats = exported(queue_of(*[10] * 20), transport)

    assert (stats.exported, sum(stats.dropped.values()), transport.sizes) == (200, 0, {10})
