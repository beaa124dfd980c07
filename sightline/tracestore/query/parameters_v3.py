"""Parameters of Jaeger's v3 API; each has an older alias.

Source: Jaeger, `jaegerquery/internal/apiv3/query_parser.go`.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from starlette.datastructures import QueryParams

from sightline.search_tags import parse_string_map
from sightline.tracestore.query.parameters_v1 import bounded, path_trace_id
from sightline.tracestore.query.responses import BadParameter
from sightline.tracestore.query.search import DEFAULT_LIMIT, Query
from sightline.tracestore.query.values import (
    parse_bool,
    parse_duration,
    parse_int,
    parse_rfc3339,
)

Value = TypeVar("Value")

_SERVICE: Final = ("query.serviceName", "query.service_name")
_OPERATION: Final = ("query.operationName", "query.operation_name")
_START: Final = ("query.startTimeMin", "query.start_time_min")
_END: Final = ("query.startTimeMax", "query.start_time_max")
_DEPTH: Final = ("query.searchDepth", "query.search_depth", "query.num_traces")
_SHORTEST: Final = ("query.durationMin", "query.duration_min")
_LONGEST: Final = ("query.durationMax", "query.duration_max")
_ATTRIBUTES: Final = ("query.attributes",)

RAW_SEARCH: Final = ("query.rawTraces", "query.raw_traces")
RAW_TRACE: Final = ("rawTraces", "raw_traces")
WINDOW: Final = (("startTime", "start_time"), ("endTime", "end_time"))


def search_query(parameters: QueryParams) -> Query:
    """Return the query of `/api/v3/traces` and `/api/v3/trace-summaries`.

    Raises:
        BadParameter: A value is invalid, or the times are missing.
    """
    tags: dict[str, str] = read(parameters, _ATTRIBUTES, parse_string_map, {})
    if not (_first_given(parameters, _START)[1] and _first_given(parameters, _END)[1]):
        raise BadParameter(f"{_START[0]} and {_END[0]} are required")
    start = read(parameters, _START, parse_rfc3339, 0)
    end = read(parameters, _END, parse_rfc3339, 0)
    if start >= end:
        raise BadParameter(f"{_START[0]} must be before {_END[0]}")
    return Query(
        service=_first_given(parameters, _SERVICE)[1],
        operation=_first_given(parameters, _OPERATION)[1],
        tags=bounded(tags),
        start=start,
        end=end,
        limit=read(parameters, _DEPTH, parse_int, DEFAULT_LIMIT),
        min_duration=read(parameters, _SHORTEST, parse_duration, 0),
        max_duration=read(parameters, _LONGEST, parse_duration, 0),
    )


def check_window(parameters: QueryParams) -> None:
    """Validate the times of a single trace, which Badger ignores.

    Raises:
        BadParameter: A value is no time.
    """
    for names in WINDOW:
        read(parameters, names, parse_rfc3339, 0)


def raw(parameters: QueryParams, names: tuple[str, ...]) -> bool:
    """Return true if the client asks for unadjusted traces.

    Raises:
        BadParameter: The value is no boolean.
    """
    return read(parameters, names, parse_bool, default=False)


def trace_id(value: str) -> bytes:
    """Return the trace id of a path.

    Raises:
        BadParameter: The value is no trace id.
    """
    try:
        return path_trace_id(value)
    except ValueError as error:
        raise BadParameter(f"malformed parameter trace_id: {error}") from error


def read(
    parameters: QueryParams,
    names: tuple[str, ...],
    parse: Callable[[str], Value],
    default: Value,
) -> Value:
    """Return the parsed value of the first of *names* that is present.

    Raises:
        BadParameter: *parse* raised ValueError.
    """
    name, value = _first_given(parameters, names)
    try:
        return parse(value) if value else default
    except ValueError as error:
        raise BadParameter(f"malformed parameter {name}: {error}") from error


def _first_given(parameters: QueryParams, names: tuple[str, ...]) -> tuple[str, str]:
    """Return name and value of the first of *names* that is present."""
    return next(((name, value) for name in names if (value := parameters.get(name, ""))), ("", ""))
