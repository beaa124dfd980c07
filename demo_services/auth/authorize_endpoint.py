"""Authorization endpoint: a user logs in and allows a client to act. Source: RFC 6749, RFC 7636."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, StrictUndefined

from demo_services.auth.clients import Client, log_in
from demo_services.auth.form import NO_STORE, OAuthError, Parameters, read_form, required, unique
from demo_services.auth.grants import Grants, Permission
from demo_services.auth.token_endpoint import narrowed
from demo_services.auth.tokens import ISSUER

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_KEPT: Final = (
    *("response_type", "client_id", "redirect_uri", "scope", "state"),
    *("code_challenge", "code_challenge_method"),
)
"""Parameters that the form sends again."""

_PAGE: Final = Environment(autoescape=True, undefined=StrictUndefined).from_string(
    """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{{ title }}</title>
<h1>{{ title }}</h1>
{% if message %}<p role="alert">{{ message }}</p>{% endif %}
{% if fields %}
<p>The client <b>{{ client_id }}</b> asks for: {{ scope }}.</p>
<form method="post" action="authorize">
{% for name, value in fields %}<input type="hidden" name="{{ name }}" value="{{ value }}">
{% endfor %}
<p><label>Name <input name="username" autocomplete="username" required></label>
<p><label>Password <input name="password" type="password" autocomplete="current-password"></label>
<p><button name="decision" value="allow">Allow</button>
<button name="decision" value="deny" formnovalidate>Deny</button>
</form>
{% endif %}
</html>
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Request of a client for the permission of a user."""

    client: Client
    redirect_uri: str
    scope: str
    challenge: str
    parameters: Parameters

    def redirect(self, **values: str) -> RedirectResponse:
        """Return the response that sends the browser back to the client with *values*."""
        return _redirect(self.redirect_uri, self.parameters, values)


def authorize_routes(clients: Mapping[str, Client], grants: Grants) -> APIRouter:
    """Return the routes ``/oauth/authorize``."""
    routes = APIRouter()

    @routes.get("/oauth/authorize")
    async def ask(request: Request) -> Response:
        try:
            asked = _parse(clients, unique(request.url.query))
        except OAuthError as error:
            return _error_page(error)
        return asked if isinstance(asked, Response) else _form(asked)

    @routes.post("/oauth/authorize")
    async def decide(request: Request) -> Response:
        try:
            parameters = await read_form(request)
            asked = _parse(clients, parameters)
        except OAuthError as error:
            return _error_page(error)
        if isinstance(asked, Response):
            return asked
        if parameters.get("decision") != "allow":
            return asked.redirect(error="access_denied")
        user_id = log_in(parameters.get("username", ""), parameters.get("password", ""))
        if user_id is None:
            return _form(asked, message="Name or password is wrong.")
        code = await grants.add_code(
            Permission(
                client_id=asked.client.id,
                subject=user_id,
                scope=asked.scope,
                redirect_uri=asked.redirect_uri,
                challenge=asked.challenge,
            )
        )
        return asked.redirect(code=code)

    return routes


def _parse(clients: Mapping[str, Client], parameters: Parameters) -> Asked | RedirectResponse:
    """Return what is asked, or the response that tells the client its error.

    Raises:
        OAuthError: Client or address are unknown, so that no one can be told.
    """
    client = clients.get(required(parameters, "client_id"))
    redirect_uri = required(parameters, "redirect_uri")
    if client is None or redirect_uri not in client.redirect_uris:
        raise OAuthError("invalid_request", "the client is unknown, or has another redirect_uri")
    try:
        challenge = _challenge(parameters)
        scope = narrowed(" ".join(client.scopes), parameters.get("scope"))
    except OAuthError as error:
        values = {"error": error.code, "error_description": error.description}
        return _redirect(redirect_uri, parameters, values)
    return Asked(
        client=client,
        redirect_uri=redirect_uri,
        scope=scope,
        challenge=challenge,
        parameters=parameters,
    )


def _challenge(parameters: Parameters) -> str:
    if required(parameters, "response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type: expected code")
    if parameters.get("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "code_challenge_method: expected S256")
    challenge = required(parameters, "code_challenge")
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "code_challenge: expected 43 characters")
    return challenge


def _redirect(uri: str, parameters: Parameters, values: Mapping[str, str]) -> RedirectResponse:
    state = {"state": parameters["state"]} if "state" in parameters else {}
    query = urlencode({**values, **state, "iss": ISSUER})  # iss: RFC 9207
    headers = {**NO_STORE, "Referrer-Policy": "no-referrer"}
    return RedirectResponse(f"{uri}?{query}", HTTPStatus.SEE_OTHER, headers)


def _form(asked: Asked, *, message: str = "") -> HTMLResponse:
    fields = [(name, asked.parameters[name]) for name in _KEPT if name in asked.parameters]
    status_code = HTTPStatus.FORBIDDEN if message else HTTPStatus.OK
    client_id, origin = asked.client.id, _origin(asked.redirect_uri)
    context = {"client_id": client_id, "scope": asked.scope, "fields": fields, "message": message}
    return _page("Log in to the shop", status_code, f"'self' {origin}", **context)


def _error_page(error: OAuthError) -> HTMLResponse:
    title, message = "The request of the client is wrong", error.description
    return _page(title, HTTPStatus.BAD_REQUEST, "'none'", message=message, fields=())


def _page(title: str, status_code: int, form_action: str, **context: object) -> HTMLResponse:
    policy = f"default-src 'none'; form-action {form_action}; frame-ancestors 'none'"
    headers = {**NO_STORE, "Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return HTMLResponse(_PAGE.render(title=title, **context), status_code, headers)


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
