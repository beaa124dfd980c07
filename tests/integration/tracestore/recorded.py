"""Answers of the real Jaeger 2.20.0, and the form in which two answers compare.

Order that Jaeger leaves to chance is taken out: of spans in a trace, of processes, of names.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from sightline.artefacts import ROOT

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
"""Jaeger's memory storage keeps in v3 what Badger loses; so do we."""

AS_WE_DO: Final = frozenset(
    {
        "v1_trace_nan",  # Jaeger answers 500
        "v1_search_poison",  # as above
        # Badger loses scope attributes, memory repeats each warning.
        *("v3_search_gateway", "v3_trace_dup", "v3_trace_skew", "v3_trace_skew_raw"),
        "v1_transform_bad",  # the text of Go's JSON reader
        "health_status_verbose",  # no components to tell of
    }
)
"""Requests that we answer otherwise on purpose: docs/trace-store.md, "Differences"."""

ON_THEIR_OWN: Final = frozenset(
    {
        "v1_search_no_times",  # depends on the day
        "v1_dependencies_no_params",  # as above
        "v1_transform",  # the record cuts the request's body off
    }
)
"""Requests that need a test of their own."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request and what it was answered."""

    name: str
    request: Mapping[str, Any]
    status: int
    content_type: str
    body: Any

    @property
    def comparable(self) -> tuple[int, str, Any]:
        return self.status, self.content_type, comparable(self.body)


def recorded(name: str) -> Recorded:
    """The request *name*, with the answer that we mean to give."""
    variant = {**dict.fromkeys(AS_MEMORY, ".memory"), **dict.fromkeys(AS_WE_DO, ".ours")}
    request = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))["request"]
    file = GOLDEN / f"{name}{variant.get(name, '')}.json"
    answer = json.loads(file.read_text(encoding="utf-8"))
    body = answer["body"] if "body" in answer else answer["body_text"]
    return Recorded(name, request, answer["status"], answer["headers"]["content-type"], body)


def names(*prefixes: str) -> list[str]:
    """Names of all recorded requests that begin so, those with a test of their own left out."""
    files = (file.name.partition(".")[0] for file in GOLDEN.glob("*.json"))
    return sorted({n for n in files if n.startswith(prefixes)} - ON_THEIR_OWN)


def comparable(body: Any) -> Any:  # noqa: ANN401  any JSON
    """*body* without what Jaeger leaves to chance."""
    match body:
        case {"data": [_, *_] as data}:
            return {**body, "data": _v1_data(data)}
        case {"result": {"resourceSpans": resources}}:
            return sorted(_v3_spans(resources), key=itemgetter("spanId", "name"))
        case {"operationSampling": operations}:
            return {**body, "operationSampling": _sampling(operations)}
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
    """Processes stand in their spans, which are sorted."""
    spans = [
        {**span, "processID": trace["processes"][span["processID"]]} for span in trace["spans"]
    ]
    spans.sort(key=itemgetter("spanID", "startTime"))
    return {"traceID": trace["traceID"], "spans": spans, "warnings": trace["warnings"]}


def _v3_spans(resources: list[Object]) -> list[Object]:
    """Each span with its resource and scope; attributes sorted."""
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
