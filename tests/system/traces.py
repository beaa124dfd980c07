"""Edges of traces in the API of traces, as ``service: span name``."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.stacks import LocalStack
from tests.system.shop import CLIENT_SPAN_ID

Edges = set[tuple[str, str]]
Trace = Mapping[str, Any]
Span = Mapping[str, Any]


def find(stack: LocalStack, trace_id: str) -> list[Trace]:
    """Return the trace as a list, which is empty before it is stored."""
    traces: list[Trace] = stack.ask("jaeger_query", f"/api/traces/{trace_id}").json()["data"] or []
    return traces


def search(stack: LocalStack, service: str, operation: str) -> list[Trace]:
    """Return the latest traces with a span of *service* and *operation*."""
    query = {"service": service, "operation": operation, "limit": "200"}
    traces: list[Trace] = stack.ask("jaeger_query", "/api/traces", params=query).json()["data"]
    return traces or []


def spans(traces: list[Trace]) -> Iterator[tuple[Trace, Span]]:
    """Yield the spans of *traces*, each with its trace."""
    for trace in traces:
        yield from ((trace, span) for span in trace["spans"])


def name(trace: Trace, span: Span) -> str:
    """Return the name of *span* in the edges."""
    return f"{trace['processes'][span['processID']]['serviceName']}: {span['operationName']}"


def edges(traces: list[Trace]) -> Edges:
    """Return parent and child of every span.

    The parent is ``client`` for the test itself, and ``linked`` for a span of another trace.
    """
    names = {CLIENT_SPAN_ID: "client"}
    names |= {span["spanID"]: name(trace, span) for trace, span in spans(traces)}
    found: Edges = set()
    for _, span in spans(traces):
        for reference in span["references"]:
            if reference["traceID"] != span["traceID"]:
                found.add(("linked", names[span["spanID"]]))
            elif reference["refType"] == "CHILD_OF":
                found.add((names.get(reference["spanID"], "?"), names[span["spanID"]]))
    return found
