"""Sources of the keys that verify tokens: users over HTTP, or a file."""

from json import JSONDecodeError
from pathlib import Path
from typing import Final

import aiohttp

from demo_services.auth.key_set import TIMEOUT_SECONDS, KeySet, Load
from demo_services.auth.keys import KeysError, PublicKeys, from_key_set, read_shared_key
from demo_services.auth.settings import AuthSettings
from demo_services.auth.verifier import Verifier
from demo_services.peer import open_session
from demo_services.registry.balancer import Balancer
from demo_services.settings import Settings
from demo_services.tls import Identity
from instrumentation import Telemetry, url_template

KEY_SET_PATH: Final = "/.well-known/jwks.json"


def verifier(
    settings: Settings, telemetry: Telemetry, users: Balancer, *, service: str
) -> Verifier:
    """Return the verifier of a service that calls the instances of *users*."""
    load = from_users(users, settings.identity)
    return local_verifier(settings.auth, telemetry, load, service=service)


def local_verifier(
    settings: AuthSettings, telemetry: Telemetry, load: Load, *, service: str
) -> Verifier:
    """Return a verifier with the keys of *load*, or of the file that the settings name."""
    if settings.algorithm == "HS256" and settings.key_file:
        load = from_file(settings.key_file)
    keys = KeySet(load, telemetry.registry)
    return Verifier(service, keys, algorithm=settings.algorithm, registry=telemetry.registry)


def from_users(users: Balancer, identity: Identity | None) -> Load:
    """Return a function that reads the key set of users."""

    async def load() -> PublicKeys:
        session = open_session(None, identity=identity, timeout_seconds=TIMEOUT_SECONDS)
        with url_template(KEY_SET_PATH), users.call() as base_url:
            try:
                async with session, session.get(f"{base_url}{KEY_SET_PATH}") as answer:
                    answer.raise_for_status()
                    return from_key_set(await answer.json())
            except (TimeoutError, aiohttp.ClientError, JSONDecodeError) as error:
                users.record_failure(base_url)
                raise KeysError(f"{type(error).__name__}: {error}") from error

    return load


def from_file(file: Path) -> Load:
    """Return a function that reads the shared key of HS256."""

    async def load() -> PublicKeys:
        key = read_shared_key(file)
        return {key.id: key.public}

    return load
