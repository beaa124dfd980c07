"""Every recorded request to the real Jaeger gets the recorded answer."""

import json
from typing import Any

import pytest

from tests.integration.tracestore.recorded import INPUT, comparable, names, recorded
from tests.integration.tracestore.trace_store import Answer, TraceStore


def body_of(answer: Answer) -> Any:  # noqa: ANN401  any JSON
    """Return parsed JSON if the body is JSON; errors have the content type of text."""
    text = answer.body.decode()
    return json.loads(text) if text.startswith("{") else text


@pytest.mark.parametrize("name", names("v1_", "v3_"))
def test_a_query_is_answered_as_jaeger_answers_it(jaeger: TraceStore, name: str) -> None:
    golden = recorded(name)

    answer = jaeger.ask(
        golden.request["path"],
        method=golden.request["method"],
        body=golden.request.get("body", "").encode() or None,
    )

    assert (answer.status, answer.content_type, comparable(body_of(answer))) == golden.comparable
    assert answer.headers["traceresponse"] == ""


@pytest.mark.parametrize("name", names("sampling_"))
def test_a_sampler_gets_the_strategy_of_jaeger(jaeger: TraceStore, name: str) -> None:
    golden = recorded(name)

    answer = jaeger.ask(
        golden.request["path"].removeprefix(":5778"), port=jaeger.ports.jaeger_sampling
    )

    assert (answer.status, answer.content_type, comparable(body_of(answer))) == golden.comparable


@pytest.mark.parametrize("name", names("health_"))
def test_the_health_port_answers_as_the_collector(jaeger: TraceStore, name: str) -> None:
    golden = recorded(name)

    answer = jaeger.ask(
        golden.request["path"].removeprefix(":13133"), port=jaeger.ports.jaeger_health
    )
    shown = {**body_of(answer), **golden.body} if answer.status == 200 else body_of(answer)

    assert (answer.status, answer.content_type, comparable(shown)) == golden.comparable


def test_otlp_is_transformed_as_jaeger_transforms_it(jaeger: TraceStore) -> None:
    golden = recorded("v1_transform")
    first_trace = json.loads(INPUT.read_text(encoding="utf-8"))["resourceSpans"][:3]
    upload = json.dumps({"resourceSpans": first_trace}).encode()

    answer = jaeger.ask("/api/transform", method="POST", body=upload)

    assert (answer.status, answer.content_type, comparable(answer.json)) == golden.comparable


def test_a_search_without_times_looks_back_two_days(today: TraceStore) -> None:
    found = today.ask("/api/traces?service=gateway").json["data"]

    golden = recorded("v1_search_no_times").body["data"]
    assert [trace["traceID"] for trace in found] == [trace["traceID"] for trace in golden]


def test_dependencies_without_times_look_back_a_day(today: TraceStore) -> None:
    found = today.ask("/api/dependencies").json

    assert comparable(found) == comparable(recorded("v1_dependencies_no_params").body)
