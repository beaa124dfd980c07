"""OTLP/HTTP: accepted and refused requests."""

import gzip
import json
import zlib

import pytest

from tests.integration.tracestore.trace_store import JSON, PROTOBUF, TraceStore
from tests.oversized import REFUSED, request
from tests.unit.tracestore.spans import encoded, span

GOOD = encoded(span(7))
TOO_LARGE = 20 * 1024 * 1024 + 1


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (GOOD, ""),
        (gzip.compress(GOOD), "gzip"),
        (gzip.compress(GOOD[:9]) + gzip.compress(GOOD[9:]), "gzip"),
        (zlib.compress(GOOD), "deflate"),
        (b"", ""),
    ],
    ids=["plain", "gzip", "gzip in two members", "deflate", "empty"],
)
def test_protobuf_is_accepted(receiver: TraceStore, body: bytes, encoding: str) -> None:
    answer = receiver.send(body, PROTOBUF, Content_Encoding=encoding)

    assert (answer.status, answer.content_type, answer.body) == (200, PROTOBUF, b"\n\0")


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"null",
        b'{"unknown": [1, {"traceId": null}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "no ids"}]}]}]}',
        b'{"resource_spans": [{"scope_spans": [{"spans": [{"kind": "SPAN_KIND_SERVER"}]}]}]}',
    ],
)
def test_json_is_accepted(receiver: TraceStore, body: bytes) -> None:
    answer = receiver.send(body, "application/json; charset=utf-8")

    assert (answer.status, answer.json) == (200, {"partialSuccess": {}})


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "complaint"),
    [
        (b"\xff\xff", PROTOBUF, "", "malformed protobuf"),
        (encoded(span(trace_id=b"short")), PROTOBUF, "", "trace_id: expected 16 bytes, not 5"),
        (encoded(span(parent_span_id=b"x")), PROTOBUF, "", "parent_span_id: expected 8 bytes"),
        (b"", JSON, "", "malformed JSON"),
        (b"{", JSON, "", "malformed JSON"),
        (b"[]", JSON, "", "expected a JSON object, not list"),
        (b"[" * 100_000, JSON, "", "malformed JSON"),
        (b'{"resourceSpans": 7}', JSON, "", "malformed JSON"),
        (b'{"spanId": "xx"}', JSON, "", "expected 16 hexadecimal digits"),
        (b'{"traceId": "%s"}' % (b"x" * 32), JSON, "", "expected hexadecimal digits"),
        (b"no gzip", PROTOBUF, "gzip", "incorrect header check"),
        (gzip.compress(GOOD)[:-9], PROTOBUF, "gzip", "unexpected EOF"),
        (GOOD, PROTOBUF, "br", "unsupported Content-Encoding: br"),
        (b"x" * TOO_LARGE, PROTOBUF, "", "request body too large"),
        (gzip.compress(b"x" * TOO_LARGE), PROTOBUF, "gzip", "request body too large"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_an_invalid_body_is_refused_in_its_own_encoding(
    receiver: TraceStore, body: bytes, content_type: str, encoding: str, complaint: str
) -> None:
    answer = receiver.send(body, content_type, Content_Encoding=encoding)

    assert (answer.status, answer.content_type) == (400, content_type)
    assert complaint in answer.body.decode(errors="replace")
    assert receiver.ask("/api/services").json["total"] > 0


def test_a_large_body_is_accepted(receiver: TraceStore) -> None:
    trace_id = (0xFAB).to_bytes(16, "big")
    spans = [span(number, "x" * 500, trace_id=trace_id) for number in range(1, 2001)]

    answer = receiver.send(gzip.compress(encoded(*spans)), Content_Encoding="gzip")

    (trace,) = receiver.ask("/api/traces/fab").json["data"]
    assert (answer.status, len(trace["spans"])) == (200, 2000)


def test_an_error_in_json_is_a_status_of_google_rpc(receiver: TraceStore) -> None:
    answer = receiver.send(b"[]", JSON)

    message = "malformed JSON: expected a JSON object, not list"
    assert json.loads(answer.body) == {"code": 3, "message": message}


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/xml"])
def test_other_content_types_are_not_supported(receiver: TraceStore, content_type: str) -> None:
    assert receiver.send(GOOD, content_type).status == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_only_post_is_allowed(receiver: TraceStore, method: str) -> None:
    answer = receiver.ask("/v1/traces", port=receiver.ports.otlp_http, method=method)

    assert answer.status == 405


@pytest.mark.parametrize("path", ["/", "/v1/metrics", "/v1/logs", "/v1/traces/"])
def test_there_is_no_other_path(receiver: TraceStore, path: str) -> None:
    answer = receiver.ask(path, port=receiver.ports.otlp_http, method="POST", body=b"")

    assert answer.status == 404


def test_a_span_that_jaeger_refuses_is_refused_alone(receiver: TraceStore) -> None:
    sent = request(REFUSED["string"])

    answer = receiver.send(sent.body, PROTOBUF)

    assert answer.status == 503
    assert b"Key with size 65001 exceeded 65000 limit. Key: service 'sizes', tag 'k'" in answer.body
    assert [receiver.ask(f"/api/traces/{one}").status for one in (*sent.small, sent.large)] == [
        *(200, 200),
        404,
    ]
