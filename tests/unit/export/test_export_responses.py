"""Responses of collectors: requested delays and partial successes."""

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

from instrumentation._export.grpc import grpc_target, parse_retry_delay
from instrumentation._export.http import parse_retry_after
from instrumentation._export.response import parse_response
from instrumentation._export.verdict import Accepted

IN_A_MINUTE = RetryInfo(retry_delay=Duration(seconds=60, nanos=500_000_000))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 0), ("", None), ("soon", None), ("-1", None), ("1.5", None)],
)
def test_retry_after_is_parsed_as_seconds(header: str, seconds: float | None) -> None:
    assert parse_retry_after(header) == seconds


def test_retry_after_is_parsed_as_a_date() -> None:
    assert parse_retry_after(formatdate(time() + 60, usegmt=True)) == pytest.approx(60, abs=30)
    assert parse_retry_after(formatdate(time() - 60, usegmt=True)) == 0


def test_a_retry_info_sent_alone_is_parsed() -> None:
    metadata = [("google.rpc.retryinfo-bin", IN_A_MINUTE.SerializeToString())]

    assert parse_retry_delay(metadata) == 60.5


def test_a_retry_info_among_other_details_is_parsed() -> None:
    other, delay = Any(), Any()
    other.Pack(QuotaFailure())
    delay.Pack(IN_A_MINUTE)
    status = Status(code=8, message="slow down", details=[other, delay])

    assert parse_retry_delay([("grpc-status-details-bin", status.SerializeToString())]) == 60.5


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
def test_metadata_without_a_delay_gives_none(metadata: list[tuple[str, str | bytes]]) -> None:
    assert parse_retry_delay(metadata) is None


def test_a_partial_success_contains_count_and_message() -> None:
    answer = ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(rejected_spans=3, error_message="quota\x1b[31m")
    )

    found = parse_response(answer.SerializeToString())

    assert found == Accepted(rejected=3, message=r"quota\x1b[31m")
    assert parse_response(b"") == Accepted()


def test_a_negative_protobuf_count_stays_negative() -> None:
    partial = ExportTracePartialSuccess(rejected_spans=-1)

    body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()

    assert parse_response(body).rejected == -1


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
def test_a_json_count_is_a_string_or_a_number(body: bytes, rejected: int) -> None:
    assert parse_response(body, "application/json") == Accepted(rejected=rejected)


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
def test_an_invalid_json_body_is_accepted_as_unreadable(body: bytes) -> None:
    found = parse_response(body, "application/json")

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
def test_the_grpc_target_is_host_and_port_of_the_endpoint(endpoint: str, address: str) -> None:
    assert grpc_target(urlsplit(endpoint)) == address
