"""Queries of the tests to the demo and its engines."""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.stacks import LocalStack

CLIENT_SPAN_ID = "00f067aa0ba902b7"
"""The caller's span: parent of the gateway's, itself in no store."""


@dataclass(frozen=True, slots=True)
class Call:
    """A span as seen from its parent."""

    parent: str
    """Service of the parent; ``client`` for the test itself, empty for none or one that is lost."""
    service: str


def order(stack: LocalStack) -> str:
    """Read an order, which takes all three services, and return the trace id."""
    trace_id = secrets.token_hex(16)
    parent = f"00-{trace_id}-{CLIENT_SPAN_ID}-01"
    stack.ask("gateway", "/api/orders/1", headers={"traceparent": parent}).raise_for_status()
    return trace_id


def place_order(stack: LocalStack, *then: str) -> str:
    """Place an order, read the paths *then*, and return the trace id of all requests.

    Returns nothing if one fails: after an outage of users, the breaker of orders stays open for
    seconds.
    """
    trace_id = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace_id}-{CLIENT_SPAN_ID}-01", **stack.token()}
    body = {"user_id": 3, "product": "tea", "quantity": 2}
    placed = stack.ask("gateway", "/api/orders", method="POST", json=body, headers=headers)
    read = [stack.ask("gateway", path, headers=headers) for path in then]
    return trace_id if all(answer.ok for answer in (placed, *read)) else ""


def calls_v1(stack: LocalStack, trace_id: str) -> set[Call]:
    """Return the calls between services in a trace, from Jaeger's v1 API.

    Raises:
        LookupError: The trace is not there (yet).
    """
    answer = stack.ask("jaeger_query", f"/api/traces/{trace_id}").json()
    (trace,) = answer["data"] or [{"spans": [], "processes": {}}]
    services = {
        span["spanID"]: trace["processes"][span["processID"]]["serviceName"]
        for span in trace["spans"]
    }
    parents = {span["spanID"]: _parent_v1(span) for span in trace["spans"]}
    return _calls(services, parents)


def calls_v3(stack: LocalStack, trace_id: str) -> set[Call]:
    """Return the calls between services in a trace, from Jaeger's v3 API.

    Raises:
        LookupError: The trace is not there (yet).
    """
    answer = stack.ask("jaeger_query", f"/api/v3/traces/{trace_id}").json()
    services, parents = {}, {}
    for service, span in _spans_v3(answer["result"]["resourceSpans"]):
        services[span["spanId"]] = service
        parents[span["spanId"]] = span.get("parentSpanId", "")
    return _calls(services, parents)


def traces_of(stack: LocalStack, caller: str) -> list[str]:
    """Ids of the traces that *caller*, by its User-Agent, began at the gateway."""
    tags = json.dumps({"user_agent.original": caller})
    search = {"service": "gateway", "tags": tags}
    answer = stack.ask("jaeger_query", "/api/traces", params=search).json()
    return [trace["traceID"] for trace in answer["data"]]


def exemplars(stack: LocalStack, query: str) -> set[str]:
    """Trace ids of the exemplars that Prometheus keeps for *query*."""
    window = {"query": query, "start": "0", "end": "9999999999"}
    answer = stack.ask("prometheus", "/api/v1/query_exemplars", params=window).json()
    return {
        exemplar["labels"]["trace_id"]
        for series in answer["data"]
        for exemplar in series["exemplars"]
    }


def alerts(stack: LocalStack) -> set[tuple[str, str]]:
    """Name and job of each alert that Alertmanager holds."""
    held = stack.ask("alertmanager", "/api/v2/alerts").json()
    return {(alert["labels"]["alertname"], alert["labels"].get("job", "")) for alert in held}


def links(stack: LocalStack, name: str) -> set[str]:
    """Addresses in the alerts *name* that Alertmanager holds, without path."""
    held = stack.ask("alertmanager", "/api/v2/alerts").json()
    annotations = [each["annotations"] for each in held if each["labels"]["alertname"] == name]
    urls = (urlsplit(each[key]) for each in annotations for key in ("dashboard_url", "runbook_url"))
    return {f"{url.scheme}://{url.netloc}" for url in urls}


def _parent_v1(span: Mapping[str, Any]) -> str:
    parents = (reference["spanID"] for reference in span["references"])
    return next(parents, "")


def _spans_v3(resources: list[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in resources:
        names = {a["key"]: a["value"] for a in resource["resource"]["attributes"]}
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                yield names["service.name"]["stringValue"], span


def _calls(services: Mapping[str, str], parents: Mapping[str, str]) -> set[Call]:
    """Edges between spans of different services."""
    known = {**services, CLIENT_SPAN_ID: "client"}
    calls = {Call(known.get(parents[span], ""), service) for span, service in services.items()}
    return {call for call in calls if call.parent != call.service}
