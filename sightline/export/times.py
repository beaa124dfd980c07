"""Times without notifications in an adoption file."""

import re
import zoneinfo
from typing import Any, Final

from sightline.mixin.slo.document import Fields

NAMES: Final = ("deployments", "nights-and-weekends")
"""Time intervals of prometheus/alertmanager.production.yml."""

_DAY: Final = "(sunday|monday|tuesday|wednesday|thursday|friday|saturday)"
_DAYS: Final = re.compile(rf"{_DAY}(:{_DAY})?")
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


def read(section: Fields) -> dict[str, list[dict[str, Any]]]:
    """Return the given time intervals by name, as Alertmanager writes them.

    Raises:
        SloError: Names line, key and expectation.
    """
    section.ignore(*NAMES)
    section.finish()
    return {name: [_interval(each) for each in section.sections(name)] for name in section.names()}


def _interval(fields: Fields) -> dict[str, Any]:
    interval: dict[str, Any] = {}
    weekdays = [_checked(fields, "weekdays", day, _DAYS) for day in fields.texts("weekdays")]
    if weekdays:
        interval["weekdays"] = weekdays
    if "from" in fields or "to" in fields:
        start, end = (_checked(fields, key, fields.text(key), _TIME) for key in ("from", "to"))
        if start >= end:
            raise fields.problem("to", f"to: {end} expected a time after {start}")
        interval["times"] = [{"start_time": start, "end_time": end}]
    if "location" in fields:
        interval["location"] = _location(fields)
    fields.ignore("from", "to", "location")
    fields.finish()
    return interval


def _checked(fields: Fields, key: str, value: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(value):
        example = "tuesday or monday:friday" if pattern is _DAYS else "'09:00', in quotes"
        raise fields.problem(key, f"{key}: {value!r} expected {example}")
    return value


def _location(fields: Fields) -> str:
    location = fields.text("location")
    if location not in zoneinfo.available_timezones():
        raise fields.problem("location", f"location: {location!r} expected one like Europe/Berlin")
    return location
