"""Fakes that implement real protocols on loopback.

`Collector` receives OTLP over HTTP and gRPC, records spans and log records, and fails on demand::

    with Collector() as collector:
        collector.misbehave(status(503, retry_after="1"))
        ...
        collector.behave()
        until(lambda: len(collector.spans) == 100, within_seconds=5)
"""

from tests.fakes.collector import Collector, Tls
from tests.fakes.faults import (
    BLACKHOLE,
    CLOSED,
    CLOSING,
    CUT_SHORT,
    DRIP,
    DRIPPING_BODY,
    ENDLESS_BODY,
    LOST_ACK,
    RESET,
    Fault,
    answers,
    chokes_on,
    partial_success,
    slow,
    status,
    too_large,
)
from tests.fakes.proxy import Proxy
from tests.fakes.received import Request, attribute
from tests.fakes.sampling import SamplingServer

__all__ = [
    "BLACKHOLE",
    "CLOSED",
    "CLOSING",
    "CUT_SHORT",
    "DRIP",
    "DRIPPING_BODY",
    "ENDLESS_BODY",
    "LOST_ACK",
    "RESET",
    "Collector",
    "Fault",
    "Proxy",
    "Request",
    "SamplingServer",
    "Tls",
    "answers",
    "attribute",
    "chokes_on",
    "partial_success",
    "slow",
    "status",
    "too_large",
]
