"""Recorded answers of Jaeger 2.20.0, and the normal form in which two answers are compared.

The normal form has no order where Jaeger has none: of spans in a trace, of processes, of names.
It has no texts of errors, because clients use status and structure only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from sightline.artifacts import ROOT

GOLDEN: Final = ROOT / "tests" / "golden" / "jaeger"
INPUT: Final = GOLDEN / "input.json"
IDS: Final = GOLDEN / "ids.json"

Object = dict[str, Any]

AS_MEMORY: Final = frozenset(
    {
        *("v3_trace_base64", "v3_trace_error", "v3_trace_nan", "v3_trace_ok"),
        *("v3_trace_short", "v3_trace_types", "v3_trace_window"),
    }
)
"""In v3, the store keeps the fields that Jaeger's memory storage keeps and Badger loses."""

AS_OURS: Final = frozenset(
    {
        "v1_trace_nan",  # Jaeger answers 500
        "v1_search_poison",  # as above
        # Badger loses scope attributes, memory repeats each warning.
        *("v3_search_gateway", "v3_trace_dup", "v3_trace_skew", "v3_trace_skew_raw"),
        "health_status_verbose",  # no components
    }
)
"""Intended differences: docs/trace-store.md, "Differences"."""

TESTED_ELSEWHERE: Final = frozenset(
    {
        "v1_search_no_times",  # depends on the day
        "v1_dependencies_no_params",  # as above
        "v1_transform",  # the record cuts the request's body off
    }
)
"""Requests with a separate test."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Request and recorded answer."""

    name: str
    request: Mapping[str, Any]
    status: int
    content_type: str
    body: Any

    @property
    def comparable(self) -> tuple[int, str, Any]:
        return self.status, self.content_type, comparable(self.body)


def recorded(name: str) -> Recorded:
    """Return the request *name* with the expected answer of the store."""
    variant = {**dict.fromkeys(AS_MEMORY, ".memory"), **dict.fromkeys(AS_OURS, ".ours")}
    request = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))["request"]
    file = GOLDEN / f"{name}{variant.get(name, '')}.json"
    answer = json.loads(file.read_text(encoding="utf-8"))
    body = answer["body"] if "body" in answer else answer["body_text"]
    return Recorded(name, request, answer["status"], answer["headers"]["content-type"], body)


def names(*prefixes: str) -> list[str]:
    """Return the names with one of *prefixes*, without those in `TESTED_ELSEWHERE`."""
    files = (file.name.partition(".")[0] for file in GOLDEN.glob("*.json"))
    return sorted({n for n in files if n.startswith(prefixes)} - TESTED_ELSEWHERE)


def comparable(body: Any) -> Any:  # noqa: ANN401  any JSON
    """Return the normal form of *body*."""
    match body:
        case {"data": [_, *_] as data}:
            return {**body, "data": _v1_data(data)}
        case {"result": {"resourceSpans": resources}}:
            return sorted(_v3_spans(resources), key=itemgetter("spanId", "name"))
        case {"operationSampling": operations}:
            return {**body, "operationSampling": _sampling(operations)}
        case _:
            return _without_text(body)


def _without_text(body: Any) -> Any:  # noqa: ANN401  any JSON
    """Return *body*, without its text if it is an error."""
    match body:
        case str():
            return "text"
        case {"data": None, "errors": [*errors]}:
            return {**body, "errors": [{**error, "msg": "text"} for error in errors]}
        case {"error": error}:
            return {"error": {**error, "message": "text"}}
        case _:
            return body


def _v1_data(data: list[Any]) -> list[Any]:
    match data[0]:
        case {"traceID": _}:
            return [_v1_trace(trace) for trace in data]
        case {"parent": _}:
            return sorted(data, key=itemgetter("parent", "child"))
        case {"name": _}:
            return sorted(data, key=itemgetter("name"))
        case _:
            return sorted(data)


def _v1_trace(trace: Object) -> Object:
    """Return *trace* with sorted spans, each with its process."""
    spans = [
        {**span, "processID": trace["processes"][span["processID"]]} for span in trace["spans"]
    ]
    spans.sort(key=itemgetter("spanID", "startTime"))
    return {"traceID": trace["traceID"], "spans": spans, "warnings": trace["warnings"]}


def _v3_spans(resources: list[Object]) -> list[Object]:
    """Return each span with its resource and scope; attributes are sorted."""
    return [
        {
            **span,
            "attributes": _sorted(span),
            "resource": _sorted(resource["resource"]),
            "scope": scoped["scope"],
        }
        for resource in resources
        for scoped in resource["scopeSpans"]
        for span in scoped["spans"]
    ]


def _sorted(owner: Object) -> list[Object]:
    return sorted(owner.get("attributes", ()), key=itemgetter("key"))


def _sampling(operations: Object) -> Object:
    each = sorted(operations["perOperationStrategies"], key=itemgetter("operation"))
    return {**operations, "perOperationStrategies": each}
