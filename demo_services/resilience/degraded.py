"""Mark of a response that was served without a dependency."""

from typing import Final

from starlette.responses import Response

HEADER: Final = "X-Degraded"
"""Header of a degraded response, with the name of the missing dependency."""


def mark_degraded(response: Response, dependency: str) -> None:
    """Mark *response* as served without *dependency*."""
    response.headers[HEADER] = dependency
