"""Everything by which users issues tokens, for its application."""

from fastapi import APIRouter

from demo_services.auth.authorize_endpoint import authorize_routes
from demo_services.auth.clients import demo_clients
from demo_services.auth.grants import Grants
from demo_services.auth.settings import AuthSettings
from demo_services.auth.signer import Signer, key_set_routes
from demo_services.auth.token_endpoint import TokenEndpoint, token_routes
from demo_services.database.pool import Database
from instrumentation import Telemetry


def issuer_routes(
    signer: Signer, database: Database, settings: AuthSettings, telemetry: Telemetry
) -> APIRouter:
    """Return the routes of tokens, logins and public keys."""
    clients, grants = demo_clients(settings.client_secret), Grants(database)
    endpoint = TokenEndpoint(
        clients,
        grants,
        signer,
        token_seconds=settings.token_seconds,
        registry=telemetry.registry,
    )
    routes = APIRouter()
    routes.include_router(token_routes(endpoint))
    routes.include_router(authorize_routes(clients, grants))
    routes.include_router(key_set_routes(signer))
    return routes
