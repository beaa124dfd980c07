"""External programs: found on this machine, or downloaded without root."""

from sightline.binaries.finding import find
from sightline.binaries.program import Binary

__all__ = ["Binary", "find"]
