"""What collectors answer beside success: how long to wait, and what they did not take."""

from email.utils import formatdate
from time import time
from urllib.parse import urlsplit

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import QuotaFailure, RetryInfo  # type: ignore[import-untyped]  # generated
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # generated
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from instrumentation._export.answer import partial_success
from instrumentation._export.grpc import retry_delay, target
from instrumentation._export.http import retry_after
from instrumentation._export.verdict import Accepted

IN_A_MINUTE = RetryInfo(retry_delay=Duration(seconds=60, nanos=500_000_000))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 0), ("", None), ("soon", None), ("-1", None), ("1.5", None)],
)
def test_a_wait_is_read_in_seconds(header: str, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_a_wait_may_be_a_date() -> None:
    assert retry_after(formatdate(time() + 60, usegmt=True)) == pytest.approx(60, abs=30)
    assert retry_after(formatdate(time() - 60, usegmt=True)) == 0


def test_a_delay_alone_is_read() -> None:
    metadata = [("google.rpc.retryinfo-bin", IN_A_MINUTE.SerializeToString())]

    assert retry_delay(metadata) == 60.5


def test_a_delay_among_other_details_is_read() -> None:
    other, delay = Any(), Any()
    other.Pack(QuotaFailure())
    delay.Pack(IN_A_MINUTE)
    status = Status(code=8, message="slow down", details=[other, delay])

    assert retry_delay([("grpc-status-details-bin", status.SerializeToString())]) == 60.5


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        [("x", "y")],
        [("grpc-status-details-bin", b"\xff")],
        [("grpc-status-details-bin", b"")],
        [("google.rpc.retryinfo-bin", b"")],
    ],
)
def test_no_delay_is_none(metadata: list[tuple[str, str | bytes]]) -> None:
    assert retry_delay(metadata) is None


def test_a_partial_success_says_how_many_and_why() -> None:
    answer = ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(rejected_spans=3, error_message="quota\x1b[31m")
    )

    found = partial_success(answer.SerializeToString())

    assert found == Accepted(rejected=3, message=r"quota\x1b[31m")
    assert partial_success(b"") == Accepted()


def test_a_negative_count_of_protobuf_is_negative() -> None:
    partial = ExportTracePartialSuccess(rejected_spans=-1)

    body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()

    assert partial_success(body).rejected == -1


@pytest.mark.parametrize(
    ("body", "rejected"),
    [
        (b"{}", 0),
        (b'{"partialSuccess": null}', 0),
        (b'{"partialSuccess": {}}', 0),
        (b'{"partialSuccess": {"rejectedSpans": 3}}', 3),
        (b'{"partialSuccess": {"rejectedSpans": "3", "errorMessage": 7}}', 3),
        (b'{"partialSuccess": {"rejectedSpans": "-9223372036854775808"}}', -(2**63)),
    ],
)
def test_a_count_of_json_is_a_string_or_a_number(body: bytes, rejected: int) -> None:
    assert partial_success(body, "application/json") == Accepted(rejected=rejected)


@pytest.mark.parametrize(
    "body",
    [
        *(b"[]", b"7", b"\xff", b"{", b"[" * 60_000, b'{"partialSuccess": 7}'),
        *(
            b'{"partialSuccess": {"rejectedSpans": %s}}' % count
            for count in (b"true", b'"x"', b"NaN", b"1.5", b"[]", b'"%s"' % (b"9" * 5000))
        ),
    ],
)
def test_an_unreadable_body_of_json_is_no_failure(body: bytes) -> None:
    found = partial_success(body, "application/json")

    assert (found.rejected, bool(found.unreadable)) == (0, True)


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("http://127.0.0.1:4317", "127.0.0.1:4317"),
        ("http://[::1]:4317", "[::1]:4317"),
        ("https://collector", "collector:443"),
        ("http://collector", "collector:80"),
    ],
)
def test_grpc_is_told_the_host_and_port_of_the_endpoint(endpoint: str, address: str) -> None:
    assert target(urlsplit(endpoint)) == address
