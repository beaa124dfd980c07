"""Response to a request whose database is unavailable."""

from starlette.requests import Request
from starlette.responses import JSONResponse


async def answer_unavailable(_: Request, error: Exception) -> JSONResponse:
    """Return the response to a request that failed with an `UnavailableError`."""
    return JSONResponse({"detail": f"the database is unavailable: {error}"}, status_code=503)
