"""Parameters of Jaeger's v1 API.

Times are microseconds in a search and milliseconds elsewhere.
Source: Jaeger, `jaegerquery/internal/query_parser.go`.
"""

import base64
import re
import time
from contextlib import suppress
from typing import Final

from starlette.datastructures import QueryParams

from sightline.search_tags import parse_string_map
from sightline.tracestore.query.responses import BadParameter
from sightline.tracestore.query.search import DEFAULT_LIMIT, Query
from sightline.tracestore.query.values import (
    INT32,
    parse_bool,
    parse_duration,
    parse_int,
)
from sightline.tracestore.storage.rows import NO_TRACE

DEFAULT_LOOKBACK: Final = 48 * 3600 * 10**9
"""Nanoseconds before now, if `start` is missing. Source: `defaultTraceQueryLookbackDuration`."""

DEFAULT_DEPENDENCY_LOOKBACK: Final = 24 * 3600 * 10**9
"""Nanoseconds. Source: `defaultDependencyLookbackDuration`."""

MAX_TRACE_IDS: Final = 100
MAX_TAGS: Final = 32
"""Values of one request, each of which is a query of its own."""

_BASE64_DIGITS: Final = 24
"""Length of 128 bits in base64, with padding."""

_HEX_ID: Final = re.compile(r"[0-9a-fA-F]{1,32}")

MICROSECOND: Final = 1000
MILLISECOND: Final = 1000 * MICROSECOND


def search_query(parameters: QueryParams) -> Query:
    """Return the query of `/api/traces`.

    Raises:
        BadParameter: A value is invalid, or the service is missing.
    """
    start = time_parameter(parameters, "start", MICROSECOND, time.time_ns() - DEFAULT_LOOKBACK)
    end = time_parameter(parameters, "end", MICROSECOND, time.time_ns())
    tags = _tags(parameters)
    limit = _limit(parameters.get("limit", ""))
    shortest = _duration(parameters, "minDuration")
    longest = _duration(parameters, "maxDuration")
    if not parameters.get("service"):
        raise BadParameter("parameter 'service' is required")
    if longest and longest < shortest:
        raise BadParameter("'maxDuration' should be greater than 'minDuration'")
    return Query(
        service=parameters["service"],
        operation=parameters.get("operation", ""),
        tags=tags,
        start=start,
        end=end,
        min_duration=shortest,
        max_duration=longest,
        limit=limit,
    )


def trace_ids(parameters: QueryParams) -> list[bytes]:
    """Return the distinct values of `traceID`, which may be repeated.

    Raises:
        BadParameter: A value is no trace id, or there are more than `MAX_TRACE_IDS`.
    """
    values = parameters.getlist("traceID")
    if len(values) > MAX_TRACE_IDS:
        raise BadParameter(f"{len(values)} parameters 'traceID': expected at most {MAX_TRACE_IDS}")
    try:
        return list(dict.fromkeys(trace_id(value) for value in values))
    except ValueError as error:
        raise invalid("traceID", error) from error


def trace_id(value: str) -> bytes:
    """Return the trace id of 1 to 32 hexadecimal digits; leading zeros may be missing.

    Raises:
        ValueError: The value has another format.
    """
    if not _HEX_ID.fullmatch(value):
        raise ValueError(f"{value[:100]!r}: expected at most 32 hexadecimal digits")
    return bytes.fromhex(value.rjust(32, "0"))


def path_trace_id(value: str) -> bytes:
    """Return the trace id of hexadecimal digits or of base64.

    Raises:
        ValueError: The value has another format.
    """
    if _HEX_ID.fullmatch(value) or len(value) > _BASE64_DIGITS:
        return trace_id(value)
    standard = value.replace("-", "+").replace("_", "/").rstrip("=")
    with suppress(ValueError):
        identifier = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
        if len(identifier) == len(NO_TRACE):
            return identifier
    return trace_id(value)


def time_parameter(parameters: QueryParams, name: str, unit: int, default: int) -> int:
    """Return nanoseconds since 1970 of a parameter that counts *unit* nanoseconds.

    Raises:
        BadParameter: The value is no number.
    """
    value = parameters.get(name, "")
    try:
        return parse_int(value) * unit if value else default
    except ValueError as error:
        raise invalid(name, error) from error


def bool_parameter(parameters: QueryParams, name: str) -> bool:
    """Return the value of *name*; false if it is missing.

    Raises:
        BadParameter: The value is no boolean.
    """
    value = parameters.get(name, "")
    try:
        return parse_bool(value) if value else False
    except ValueError as error:
        raise invalid(name, error) from error


def invalid(name: str, error: Exception) -> BadParameter:
    """Return the error for an invalid parameter."""
    return BadParameter(f"unable to parse param '{name}': {error}")


def _duration(parameters: QueryParams, name: str) -> int:
    value = parameters.get(name, "")
    try:
        return parse_duration(value) if value else 0
    except ValueError as error:
        raise invalid(name, error) from error


def _limit(value: str) -> int:
    try:
        return parse_int(value, limit=INT32) if value else DEFAULT_LIMIT
    except ValueError as error:
        raise invalid("limit", error) from error


def _tags(parameters: QueryParams) -> dict[str, str]:
    """Return the tags of `tag=key:value` and `tags={json}`, both of which may be repeated."""
    tags = {}
    for tag in parameters.getlist("tag"):
        key, colon, value = tag.partition(":")
        if not colon:
            raise invalid("tag", ValueError(f"{tag[:100]!r}: expected key:value"))
        tags[key] = value
    for document in parameters.getlist("tags"):
        try:
            tags |= parse_string_map(document)
        except ValueError as error:
            raise invalid("tags", error) from error
    return bounded(tags)


def bounded(tags: dict[str, str]) -> dict[str, str]:
    """Return *tags*.

    Raises:
        BadParameter: There are more than `MAX_TAGS`.
    """
    if len(tags) > MAX_TAGS:
        raise BadParameter(f"{len(tags)} tags: expected at most {MAX_TAGS}")
    return tags
