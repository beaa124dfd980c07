"""Bodies of requests, with a limit."""

from starlette.requests import Request


async def read_body(request: Request, *, max_bytes: int) -> bytes | None:
    """Return the body, or None if it is too large. The rest of a large one is not read."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            return None
    return body
