"""The parameters of Jaeger's v1 API.

Source: Jaeger, `jaegerquery/internal/query_parser.go`; times are microseconds in a search and
milliseconds elsewhere.
"""

import base64
import time
from typing import Final

from starlette.datastructures import QueryParams

from sightline.tracestore.query.responses import BadParameter
from sightline.tracestore.query.search import DEFAULT_LIMIT, Query
from sightline.tracestore.query.values import (
    INT32,
    GoError,
    parse_bool,
    parse_duration,
    parse_int,
    parse_string_map,
)

DEFAULT_LOOKBACK: Final = 48 * 3600 * 10**9
"""Nanoseconds of a search that names no start. Source: `defaultTraceQueryLookbackDuration`."""

DEFAULT_DEPENDENCY_LOOKBACK: Final = 24 * 3600 * 10**9
"""Nanoseconds. Source: `defaultDependencyLookbackDuration`."""

_BASE64_DIGITS: Final = 24
"""128 bits with padding."""

MICROSECOND: Final = 1000
MILLISECOND: Final = 1000 * MICROSECOND


def search_query(parameters: QueryParams) -> Query:
    """What `/api/traces` asks for.

    Raises:
        BadParameter: A value cannot be read, or the service is missing.
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
    """What `traceID` names; it may stand several times.

    Raises:
        BadParameter: One of them is no id.
    """
    try:
        return [trace_id(value) for value in parameters.getlist("traceID")]
    except GoError as error:
        raise BadParameter(f"cannot parse traceID param: {error}") from error


def trace_id(value: str) -> bytes:
    """At most 32 hexadecimal digits; those missing in front are zeros.

    Raises:
        GoError: Anything else.
    """
    if len(value) > 32:  # noqa: PLR2004  digits of 128 bits
        raise GoError(f"TraceID cannot be longer than 32 hex characters: {value}")
    padded = value.rjust(32, "0")
    halves = (value[:-16], value[-16:]) if len(value) > 16 else (value,)  # noqa: PLR2004  64 bits
    for half in halves:
        if not half or not set(half) <= set("0123456789abcdefABCDEF"):
            raise GoError(f'strconv.ParseUint: parsing "{half}": invalid syntax')
    return bytes.fromhex(padded)


def path_trace_id(value: str) -> bytes:
    """A trace id in hexadecimal digits or in base64.

    Raises:
        GoError: Neither.
    """
    try:
        return trace_id(value)
    except GoError:
        identifier = _from_base64(value)
        if identifier is None:
            raise
        if len(identifier) != 16:  # noqa: PLR2004  bytes of 128 bits
            raise GoError("invalid length for TraceID") from None
        return identifier


def _from_base64(value: str) -> bytes | None:
    if len(value) > _BASE64_DIGITS:
        return None
    standard = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:
        return None


def time_parameter(parameters: QueryParams, name: str, unit: int, default: int) -> int:
    """Nanoseconds since 1970; the parameter counts *unit* of them.

    Raises:
        BadParameter: Not a number.
    """
    value = parameters.get(name, "")
    try:
        return parse_int(value) * unit if value else default
    except GoError as error:
        raise unreadable(name, error) from error


def bool_parameter(parameters: QueryParams, name: str) -> bool:
    """True or false, false when it is missing.

    Raises:
        BadParameter: Neither.
    """
    value = parameters.get(name, "")
    try:
        return parse_bool(value) if value else False
    except GoError as error:
        raise unreadable(name, error) from error


def unreadable(name: str, error: Exception) -> BadParameter:
    """The error for a parameter that cannot be read."""
    return BadParameter(f"unable to parse param '{name}': {error}")


def _duration(parameters: QueryParams, name: str) -> int:
    value = parameters.get(name, "")
    try:
        return parse_duration(value) if value else 0
    except GoError as error:
        raise unreadable(name, error) from error


def _limit(value: str) -> int:
    try:
        return parse_int(value, limit=INT32) if value else DEFAULT_LIMIT
    except GoError as error:
        raise BadParameter(str(error)) from error


def _tags(parameters: QueryParams) -> dict[str, str]:
    """`tag=key:value` and `tags={json}`; both may stand several times."""
    tags = {}
    for tag in parameters.getlist("tag"):
        key, colon, value = tag.partition(":")
        if not colon:
            raise BadParameter(f"malformed 'tag' parameter, expecting key:value, received: {tag}")
        tags[key] = value
    for document in parameters.getlist("tags"):
        try:
            tags |= parse_string_map(document)
        except GoError as error:
            raise BadParameter(
                f"malformed 'tags' parameter, cannot unmarshal JSON: {error}"
            ) from error
    return tags
