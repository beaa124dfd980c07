"""Options of variables, and values set by a URL."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from sightline.grafana.dashboard import Variable
from sightline.grafana.interpolation import Scope
from sightline.viewer.sources.prometheus import Prometheus
from sightline.viewer.sources.upstream import Upstream
from sightline.viewer.sources.variables import Choices, options, scope_of
from tests.sources import Source, serving
from tests.viewing import dashboard, scope

LABELS = {"status": "success", "data": ["users", "orders", "node-10", "node-9"]}
METRICS = {"status": "success", "data": ["up", "http_requests_total", "http_errors_total"]}
RESULT = {
    "status": "success",
    "data": {
        "resultType": "vector",
        "result": [{"metric": {"__name__": "up", "job": "users"}, "value": [1795608000, "1"]}],
    },
}
ANSWERS = {
    "/api/v1/label/job/values": LABELS,
    "/api/v1/label/__name__/values": METRICS,
    "/api/v1/labels": {"status": "success", "data": ["job", "instance"]},
    "/api/v1/query": RESULT,
}


def variable(query: str, **more: Any) -> Variable:  # noqa: ANN401  as in the file
    raw = {"name": "v", "type": "query", "query": query, "datasource": {"type": "prometheus"}}
    [found] = dashboard(variables=[raw | more]).variables
    return found


def asked(source: Source, question: Any) -> Any:  # noqa: ANN401  whatever the question gives
    """Return the answer to *question*, a coroutine function with a Prometheus as argument."""

    async def whole() -> Any:  # noqa: ANN401  as above
        upstream = Upstream("Prometheus", source.url, timeout_seconds=30)
        try:
            return await question(Prometheus(upstream))
        finally:
            await upstream.close()

    return asyncio.run(whole())


@pytest.mark.parametrize(
    ("query", "more", "values"),
    [
        ("label_values(up, job)", {}, ["users", "orders", "node-10", "node-9"]),
        ("label_values(job)", {"sort": 1}, ["node-10", "node-9", "orders", "users"]),
        ("label_values(job)", {"sort": 2}, ["users", "orders", "node-9", "node-10"]),
        ("label_values(job)", {"regex": "/node-(.*)/", "sort": 3}, ["9", "10"]),
        ("label_values(job)", {"regex": "/(?<value>u.*)/"}, ["users"]),
        ("metrics(http_.*)", {}, ["http_requests_total", "http_errors_total"]),
        ("label_names()", {}, ["job", "instance"]),
        ("query_result(up)", {"regex": '/job="([^"]+)"/'}, ["users"]),
        ("100ms, 1 second : 1s", {"type": "custom"}, ["100ms", "1s"]),
        ("10s,1m", {"type": "interval"}, ["10s", "1m"]),
    ],
)
def test_each_kind_of_query_gives_options(
    query: str, more: dict[str, Any], values: list[str]
) -> None:
    with serving(Source(ANSWERS)) as source:
        found = asked(source, lambda api: options(variable(query, **more), scope(), api))

    assert [one.value for one in found] == values


def test_options_depend_on_earlier_variables() -> None:
    with serving(Source(ANSWERS)) as source:
        query = 'label_values(up{job=~"$job"}, job)'
        asked(source, lambda api: options(variable(query), scope(job=["a", "b"]), api))

    assert source.parameters("/api/v1/label/job/values")["match[]"] == 'up{job=~"(a|b)"}'


def filled(chosen: Choices, **more: Any) -> Scope:  # noqa: ANN401  as in the file
    """Return the scope of a dashboard with one variable, `v`."""
    raw = {"name": "v", "type": "query", "query": "label_values(job)", "datasource": {}} | more

    def question(api: Prometheus) -> Coroutine[Any, Any, Scope]:
        return scope_of(dashboard(variables=[raw]), chosen, scope(), api)

    with serving(Source(ANSWERS)) as source:
        found: Scope = asked(source, question)
    return found


@pytest.mark.parametrize(
    ("chosen", "more", "promql"),
    [
        ({"v": ["users"]}, {}, "users"),
        ({"v": ["users", "orders"]}, {}, "users"),
        ({"v": ["users", "orders"]}, {"multi": True}, "(users|orders)"),
        ({}, {"current": {"value": "orders"}}, "orders"),
        ({}, {}, "users"),
        ({"v": ["$__all"]}, {"includeAll": True, "multi": True, "allValue": ".+"}, ".+"),
        ({"v": ["$__all"]}, {"current": {"value": "orders"}}, "orders"),
        ({}, {"type": "textbox", "query": "typed"}, "typed"),
        ({}, {"type": "datasource", "query": "prometheus"}, "prometheus"),
    ],
)
def test_a_url_sets_the_values_that_the_variable_allows(
    chosen: Choices, more: dict[str, Any], promql: str
) -> None:
    assert filled(chosen, **more).promql("$v") == promql


def test_all_without_a_pattern_lists_every_option() -> None:
    found = filled({"v": ["$__all"]}, includeAll=True, multi=True)

    assert found.promql("$v") == r"(users|orders|node-10|node-9)"
    assert found.plain("$v") == "All"
    assert found.url("${v:queryparam}") == "var-v=%24__all"
