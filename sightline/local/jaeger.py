"""Installed Jaeger."""

from sightline.binaries import Report
from sightline.binaries.finding import SearchPath
from sightline.binaries.program import JAEGER, Binary, Wanted
from sightline.binaries.version import Absent, NotAvailable


def find(search_path: str | None, report: Report) -> Binary | None:
    """Return the Jaeger on *search_path*; None if there is none that fits its configuration.

    Args:
        search_path: Value of ``PATH``.
        report: Called with a message for a program that is skipped.
    """
    try:
        return SearchPath(search_path).find(Wanted(program=JAEGER))
    except Absent:
        return None
    except NotAvailable as reason:
        report(f"jaeger: skipping {reason}")
        return None
