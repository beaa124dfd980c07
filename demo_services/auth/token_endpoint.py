"""Token endpoint: three grants of OAuth 2. Source: RFC 6749, RFC 7636, RFC 9700."""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Final, NoReturn

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry
from starlette.responses import JSONResponse

from demo_services.auth.clients import GRANTS, Client, equal
from demo_services.auth.form import (
    NO_STORE,
    OAuthError,
    Parameters,
    credentials,
    read_form,
    required,
)
from demo_services.auth.grants import (
    Grants,
    Kind,
    Permission,
    ReplayedGrantError,
    UnknownGrantError,
)
from demo_services.auth.signer import Signer
from demo_services.metrics import counter
from instrumentation.service_metrics import (
    AUTHENTICATION_TOKENS_ISSUED,
    AUTHENTICATION_TOKENS_REFUSED,
)

REASONS: Final = (
    *("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client"),
    *("unsupported_grant_type", "invalid_scope", "replayed"),
)
"""Codes of errors, and ``replayed`` for a grant that was used before: it was probably stolen."""

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
_SECRETS: Final[dict[Kind, str]] = {"code": "code", "refresh": "refresh_token"}


class TokenEndpoint:
    """Issues access tokens, and counts those that are issued and refused."""

    def __init__(
        self,
        clients: Mapping[str, Client],
        grants: Grants,
        signer: Signer,
        *,
        token_seconds: int,
        registry: CollectorRegistry,
    ) -> None:
        self._clients = clients
        self._grants = grants
        self._signer = signer
        self._token_seconds = token_seconds
        issued = counter(AUTHENTICATION_TOKENS_ISSUED, registry)
        refused = counter(AUTHENTICATION_TOKENS_REFUSED, registry)
        self._issued = {grant: issued.labels(grant) for grant in GRANTS}
        self._refused = {reason: refused.labels(reason) for reason in REASONS}

    async def answer(self, request: Request) -> JSONResponse:
        """Return a token or an error."""
        try:
            parameters = await read_form(request)
            client = self._client(request.headers.get("authorization"), parameters)
            return await self._grant(client, parameters)
        except OAuthError as error:
            self._refused[error.reason].inc()
            return error.response()

    def _client(self, authorization: str | None, parameters: Parameters) -> Client:
        client_id, secret = credentials(authorization, parameters)
        client = self._clients.get(client_id)
        if client is None or not client.authenticates(secret):
            raise OAuthError("invalid_client", "the client is unknown, or its secret is wrong")
        return client

    async def _grant(self, client: Client, parameters: Parameters) -> JSONResponse:
        asked = required(parameters, "grant_type")
        grant = next((known for known in GRANTS if known == asked), None)
        if grant is None:
            raise OAuthError("unsupported_grant_type", f"expected one of {', '.join(GRANTS)}")
        if grant not in client.grants:
            raise OAuthError("unauthorized_client", f"the client may not use {grant}")
        refresh_token = ""
        if grant == "client_credentials":
            scope = narrowed(" ".join(client.scopes), parameters.get("scope"))
            subject = client.id
        else:
            kind: Kind = "code" if grant == "authorization_code" else "refresh"
            permission, refresh_token = await self._exchange(kind, client, parameters)
            wanted = parameters.get("scope") if kind == "refresh" else None
            scope, subject = narrowed(permission.scope, wanted), permission.subject
        token = await self._signer.token(subject=subject, client_id=client.id, scope=scope)
        self._issued[grant].inc()
        return self._response(token, scope, refresh_token)

    async def _exchange(
        self, kind: Kind, client: Client, parameters: Parameters
    ) -> tuple[Permission, str]:
        secret = required(parameters, _SECRETS[kind])

        def check(permission: Permission) -> None:
            if permission.client_id != client.id:
                _refuse("the grant is of another client")
            if kind == "code":
                _check_code(permission, parameters)
            else:
                narrowed(permission.scope, parameters.get("scope"))

        try:
            return await self._grants.exchange(kind, secret, check)
        except ReplayedGrantError as error:
            text = "the grant was used before; log in again"
            raise OAuthError("invalid_grant", text, reason="replayed") from error
        except UnknownGrantError:
            _refuse("the grant is unknown, expired or revoked")

    def _response(self, token: str, scope: str, refresh_token: str) -> JSONResponse:
        body = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self._token_seconds,
            "scope": scope,
        }
        if refresh_token:
            body["refresh_token"] = refresh_token
        return JSONResponse(body, headers=NO_STORE)


def token_routes(endpoint: TokenEndpoint) -> APIRouter:
    """Return the route ``/oauth/token``."""
    routes = APIRouter()

    @routes.post("/oauth/token")
    async def token(request: Request) -> JSONResponse:
        return await endpoint.answer(request)

    return routes


def narrowed(allowed: str, wanted: str | None) -> str:
    """Return the *wanted* scopes, or all that are *allowed*.

    Raises:
        OAuthError: One is not allowed.
    """
    if wanted is None:
        return allowed
    if not set(wanted.split()) <= set(allowed.split()):
        raise OAuthError("invalid_scope", f"expected some of: {allowed}")
    return wanted


def challenge_of(verifier: str) -> str:
    """Return the challenge of a verifier, by S256. Source: RFC 7636, section 4.2."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _check_code(permission: Permission, parameters: Parameters) -> None:
    if required(parameters, "redirect_uri") != permission.redirect_uri:
        _refuse("redirect_uri is another one than before")
    verifier = required(parameters, "code_verifier")
    if not _VERIFIER.fullmatch(verifier):
        raise OAuthError("invalid_request", "code_verifier: expected 43 to 128 characters")
    if not equal(challenge_of(verifier), permission.challenge):
        _refuse("code_verifier does not belong to the code")


def _refuse(description: str) -> NoReturn:
    raise OAuthError("invalid_grant", description)
