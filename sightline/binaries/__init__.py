"""Programs that Sightline runs and does not contain: found, or fetched without root."""

from sightline.binaries.finding import find
from sightline.binaries.program import Binary

__all__ = ["Binary", "find"]
