"""Times in the reader's time zone."""

from datetime import datetime, tzinfo


def local_time(milliseconds: float, zone: tzinfo) -> str:
    """Format a time as Plotly reads it: ``2026-11-25 15:04:05.678``."""
    moment = datetime.fromtimestamp(milliseconds / 1000, zone)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}"


def local_seconds(milliseconds: float, zone: tzinfo) -> str:
    """Format a time for people: ``2026-11-25 15:04:05``."""
    return local_time(milliseconds, zone)[: -len(".000")]
