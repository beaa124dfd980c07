"""Refusals of requests by their token."""

from http import HTTPStatus
from typing import Final

from starlette.responses import JSONResponse

VALID: Final = "valid"
GUEST: Final = "guest"
MISSING: Final = "missing"
EXPIRED: Final = "expired"
NOT_YET_VALID: Final = "not_yet_valid"
WRONG_AUDIENCE: Final = "wrong_audience"
WRONG_ISSUER: Final = "wrong_issuer"
UNKNOWN_KEY: Final = "unknown_key"
INVALID: Final = "invalid"
INSUFFICIENT_SCOPE: Final = "insufficient_scope"
UNAVAILABLE: Final = "unavailable"

RESULTS: Final = (
    *(VALID, GUEST, MISSING, EXPIRED, NOT_YET_VALID, WRONG_AUDIENCE, WRONG_ISSUER),
    *(UNKNOWN_KEY, INVALID, INSUFFICIENT_SCOPE, UNAVAILABLE),
)
"""Results of verifications."""

RETRY_SECONDS: Final = 1

_DESCRIPTIONS: Final = {
    MISSING: "the request needs a token",
    EXPIRED: "the token has expired",
    NOT_YET_VALID: "the token is not valid yet",
    WRONG_AUDIENCE: "the token is for another service",
    WRONG_ISSUER: "the token is of another issuer",
    UNKNOWN_KEY: "the token has the signature of an unknown key",
    INVALID: "the token is malformed, or its signature is wrong",
    INSUFFICIENT_SCOPE: "the token does not allow this request",
    UNAVAILABLE: "the keys of tokens are not available",
}


_STATUS_CODES: Final = {
    INSUFFICIENT_SCOPE: HTTPStatus.FORBIDDEN,
    UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Status codes by result; 401 for all others."""


class RefusedError(Exception):
    """A request is refused for its token.

    Args:
        result: One of `RESULTS`.
        scope: Scope that the request needs.
    """

    def __init__(self, result: str, *, scope: str = "") -> None:
        super().__init__(_DESCRIPTIONS[result])
        self.result = result
        self.scope = scope

    @property
    def status_code(self) -> int:
        """Status code of the response."""
        return _STATUS_CODES.get(self.result, HTTPStatus.UNAUTHORIZED)

    def response(self) -> JSONResponse:
        """Return the response. Source: RFC 6750, section 3."""
        if self.result == UNAVAILABLE:
            headers = {"retry-after": f"{RETRY_SECONDS}"}
        else:
            headers = {"www-authenticate": self._challenge()}
        return JSONResponse({"detail": str(self)}, self.status_code, headers)

    def _challenge(self) -> str:
        values = {"realm": "shop"}
        if self.result != MISSING:
            error = "insufficient_scope" if self.result == INSUFFICIENT_SCOPE else "invalid_token"
            values |= {"error": error, "error_description": str(self)}
        if self.scope:
            values["scope"] = self.scope
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in values.items())
