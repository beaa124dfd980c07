"""External programs: found on this machine, or downloaded without root."""

from sightline.binaries.distribution import Report
from sightline.binaries.finding import find
from sightline.binaries.program import PROGRAMS, Binary

__all__ = ["PROGRAMS", "Binary", "Report", "find"]
