"""Requests that cost a trace store much more than they weigh, and a look at what they do to it."""

import gzip
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import grpc
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from tests.integration.tracestore.trace_store import Answer, TraceStore
from tests.unit.tracestore.spans import encoded, request, span

T = TypeVar("T")

MAX_SECONDS = 1.0
"""Longest answer to another request."""
MAX_MB = 300
"""Peak of the resident memory."""
ATTEMPTS = 3
_KIB_PER_MB = 1000


def framed(number: int, body: bytes) -> bytes:
    """Return the encoded field *number* with the message *body*."""
    length, head = len(body), bytearray((number << 3 | 2,))
    while length > 127:
        head.append(length & 127 | 128)
        length >>= 7
    return bytes((*head, length)) + body


def in_scope(spans: bytes) -> bytes:
    """Return an encoded request with the encoded *spans*."""
    return framed(1, framed(2, spans))


ID_ONLY = framed(2, framed(1, b"t" * 16) + framed(2, b"spanspan"))
"""Span with ids only."""

BODIES: dict[str, Callable[[], bytes]] = {
    "empty spans": lambda: gzip.compress(in_scope(b"\x12\0" * 10_000_000)),
    "spans with ids": lambda: in_scope(ID_ONLY * 664_098),
    "empty resources": lambda: b"\x0a\0" * 9_500_000,
    "gzip members": lambda: gzip.compress(b"") * 200_000,
    "empty JSON objects": lambda: b'{"resourceSpans":[' + b",".join([b"{}"] * 4_000_000) + b"]}",
    "JSON numbers": lambda: b'{"x":[' + b",".join([b"1.5"] * 4_000_000) + b"]}",
    "JSON strings": lambda: b'{"x":"' + b"," * 800_000 + b'"' + b'""' * 9_000_000,
    "invalid tags": lambda: b"\xff" * 20_000_000,
    "fields that are no items": lambda: in_scope(framed(2, b"\x50\0" * 9_500_000)),
}


_JSON_SPANS = b'{"resourceSpans":[{"scopeSpans":[{"spans":[%s]}]}]}'

FILES: dict[str, Callable[[], bytes]] = {
    "attributes": lambda: (
        _JSON_SPANS
        % b'{"attributes":[%s]}'
        % b",".join([b'{"key":"a","value":{"intValue":"1"}}'] * 124_000)
    ),
    "numbers": lambda: b'{"x":[%s]}' % b",".join(b'{"%d":%d.5}' % (n, n) for n in range(249_000)),
    "spans": lambda: _JSON_SPANS % b",".join([b"{}"] * 249_000),
}
"""OTLP/JSON just below the limit of tokens."""

UNFINISHED_JSON = b'{"x":"' + b"x" * 19_000_000

UNFINISHED_PROTOBUF = b"\x7a\xff\xff\xff\x7f" + bytes(4_100_000)

_MAIN = (
    "import gc, runpy; gc.disable(); runpy.run_module('sightline.tracestore', run_name='__main__')"
)
WITHOUT_GARBAGE_COLLECTOR = ("sh", "-c", f'exec "$0" -c "{_MAIN}"')
"""Wrapper of a trace store. The collector runs at other times in each version of Python."""

_HALF = (
    b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"
    b"Content-Length: 20000000\r\n\r\n"
) + bytes(19_000_000)


SMALL_BUT_MANY = in_scope(b"\x12\0" * 30_000)
"""Request of 60 kB, the size of a usual batch."""


@contextmanager
def requests(store: TraceStore, body: bytes, count: int) -> Iterator[None]:
    """Connections that have sent *body* each, for the duration of the block."""
    head = (
        b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )
    with ExitStack() as opened:
        address = ("127.0.0.1", store.ports.otlp_http)
        for _ in range(count):
            opened.enter_context(socket.create_connection(address)).sendall(head + body)
        yield


@contextmanager
def unfinished_bodies(store: TraceStore, count: int) -> Iterator[list[socket.socket]]:
    """Connections that have sent most of a large body each, for the duration of the block."""
    with ExitStack() as opened:
        address = ("127.0.0.1", store.ports.otlp_http)
        clients = [opened.enter_context(socket.create_connection(address)) for _ in range(count)]
        for client in clients:
            with suppress(ConnectionError):  # the refusal can arrive before the end
                client.sendall(_HALF)
        yield clients


def long_names(count: int, size: int) -> list[bytes]:
    """Return requests with *count* spans in all, with names of *size* bytes."""
    return [encoded(span(number, f"{number}".ljust(size, "n"))) for number in range(1, count + 1)]


def many_spans(count: int) -> TracesData:
    """Return a request with *count* usual spans."""
    return request(*(span(number, f"GET /{number % 50}") for number in range(1, count + 1)))


_EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@contextmanager
def _channel(store: TraceStore) -> Iterator[grpc.Channel]:
    """A connection of its own to the store's gRPC port."""
    own = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{store.ports.otlp_grpc}", own) as channel:
        yield channel


@contextmanager
def grpc_client(store: TraceStore) -> Iterator["grpc.UnaryUnaryMultiCallable[bytes, bytes]"]:
    """Method `Export` on a connection of its own."""
    with _channel(store) as channel:
        yield channel.unary_unary(_EXPORT, None, None)


@contextmanager
def grpc_stream(store: TraceStore) -> Iterator["grpc.StreamUnaryMultiCallable[bytes, bytes]"]:
    """Method `Export` with messages that may never come."""
    with _channel(store) as channel:
        yield channel.stream_unary(_EXPORT, None, None)


def never() -> Iterator[bytes]:
    """Messages of a client that sends none, and does not say that it is done."""
    threading.Event().wait(60)
    yield from ()


@dataclass(slots=True)
class Watched:
    """Other requests during an attack."""

    longest_seconds: float = 0.0
    statuses: set[int] = field(default_factory=set)


def calmest(store: TraceStore, attack: Callable[[], T]) -> tuple[T, Watched]:
    """Attack up to three times, because a shared machine delays requests, too.

    Returns:
        The result of the attack that delayed others the least, and these other requests.
    """
    runs: list[tuple[T, Watched]] = []
    while len(runs) < ATTEMPTS and not any(seen.longest_seconds < MAX_SECONDS for _, seen in runs):
        with _watching(store) as seen:
            runs.append((attack(), seen))
    return min(runs, key=lambda run: run[1].longest_seconds)


@contextmanager
def _watching(store: TraceStore) -> Iterator[Watched]:
    """Send other requests, one after another, for the duration of the block."""
    seen, ended = Watched(), threading.Event()
    thread = threading.Thread(target=_watch, args=(store, seen, ended))
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _watch(store: TraceStore, seen: Watched, ended: threading.Event) -> None:
    usual = encoded(span(0xABCDEF))
    asks: list[Callable[[], Answer]] = [
        lambda: store.ask("/status", port=store.ports.jaeger_health),
        lambda: store.ask("/api/traces/abcdef"),
        lambda: store.send(usual),
    ]
    for ask in itertools.cycle(asks):
        started = time.perf_counter()
        seen.statuses.add(ask().status)
        seen.longest_seconds = max(seen.longest_seconds, time.perf_counter() - started)
        if ended.wait(0.01):
            return


def peak_mb(store: TraceStore) -> float:
    """Return the peak of the resident memory."""
    status = Path(f"/proc/{store.process.pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / _KIB_PER_MB


def assert_undisturbed(store: TraceStore, others: Watched) -> None:
    """Check that *others* were answered, each in time, and that the memory stayed bounded."""
    assert others.statuses == {200}
    assert others.longest_seconds < MAX_SECONDS
    assert peak_mb(store) < MAX_MB, peak_mb(store)
