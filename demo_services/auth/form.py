"""Parameters and errors of requests to the endpoints of OAuth 2."""

import base64
import binascii
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Request
from starlette.responses import JSONResponse

from demo_services.bodies import read_body

MAX_BYTES: Final = 16 * 1024
MAX_FIELDS: Final = 30

NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""Headers of every response with a token. Source: RFC 6749, section 5.1."""

_FORM: Final = "application/x-www-form-urlencoded"

Parameters = dict[str, str]


class OAuthError(Exception):
    """Error of a request. Source: RFC 6749, section 5.2.

    Args:
        code: Like ``invalid_grant``.
        reason: Value of the counter of refused tokens, if it says more than *code*.
    """

    def __init__(self, code: str, description: str, *, reason: str = "") -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.reason = reason or code

    def response(self) -> JSONResponse:
        """Return the response of the token endpoint."""
        unauthorized = self.code == "invalid_client"
        status_code = HTTPStatus.UNAUTHORIZED if unauthorized else HTTPStatus.BAD_REQUEST
        challenge = {"WWW-Authenticate": 'Basic realm="shop"'} if unauthorized else {}
        body = {"error": self.code, "error_description": self.description}
        return JSONResponse(body, status_code, {**NO_STORE, **challenge})


async def read_form(request: Request) -> Parameters:
    """Return the parameters in the body of *request*.

    Raises:
        OAuthError: The body is no form, is too large, or has a parameter twice.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise OAuthError("invalid_request", f"expected a body of the type {_FORM}")
    body = await read_body(request, max_bytes=MAX_BYTES)
    if body is None:
        raise OAuthError("invalid_request", f"the body has more than {MAX_BYTES} bytes")
    try:
        return unique(body.decode("ascii"))
    except UnicodeDecodeError as error:
        raise OAuthError("invalid_request", "expected a percent-encoded body") from error


def unique(encoded: str) -> Parameters:
    """Return the parameters of an *encoded* form or query. Those without a value are left out.

    Raises:
        OAuthError: A parameter is given twice, or there are too many.
    """
    try:
        pairs = parse_qsl(encoded, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise OAuthError("invalid_request", "the parameters are malformed") from error
    found = dict(pairs)
    if len(found) != len(pairs):
        raise OAuthError("invalid_request", "a parameter is given twice")
    return found


def required(parameters: Parameters, name: str) -> str:
    """Return a parameter.

    Raises:
        OAuthError: It is not given.
    """
    if name not in parameters:
        raise OAuthError("invalid_request", f"{name} is missing")
    return parameters[name]


def credentials(authorization: str | None, parameters: Parameters) -> tuple[str, str | None]:
    """Return id and secret of the client. Source: RFC 6749, section 2.3.1.

    Raises:
        OAuthError: The client does not name itself, or does so twice.
    """
    if authorization is None:
        return required(parameters, "client_id"), parameters.get("client_secret")
    kind, _, encoded = authorization.partition(" ")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        pair = ""
    name, separator, secret = pair.partition(":")
    if kind.lower() != "basic" or not separator:
        raise OAuthError("invalid_client", "the credentials of the client are malformed")
    if "client_secret" in parameters:
        raise OAuthError("invalid_request", "the client authenticates in two ways")
    return unquote_plus(name), unquote_plus(secret)
