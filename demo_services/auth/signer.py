"""Signer of the tokens that users issues, with the routes of its public keys."""

import asyncio
from typing import Any, Final, Self

from fastapi import APIRouter, Response

from demo_services.auth.key_store import KeyStore
from demo_services.auth.keys import (
    SigningKey,
    create_shared_key,
    read_shared_key,
    to_key_set,
)
from demo_services.auth.settings import AuthSettings
from demo_services.auth.sources import KEY_SET_PATH
from demo_services.auth.tokens import issue
from demo_services.database.pool import Database
from demo_services.events.backoff import repeat
from demo_services.settings import SettingError

MAX_AGE_SECONDS: Final = 30
"""Time for which a cache may keep the key set."""


class Signer:
    """Signer of tokens, as an async context manager that rotates the keys of ES256.

    A key of HS256 stays until someone replaces its file.

    Raises:
        SettingError: The file of the key of HS256 cannot be created.
    """

    def __init__(self, database: Database, settings: AuthSettings) -> None:
        self.store = KeyStore(database, settings)
        self._settings = settings
        if settings.algorithm == "HS256" and settings.key_file:
            try:
                create_shared_key(settings.key_file)
            except OSError as error:
                raise SettingError(
                    f"JWT_KEY_FILE='{settings.key_file}': expected a file that users may create "
                    f"({error})"
                ) from error

    async def __aenter__(self) -> Self:
        if self._settings.algorithm == "ES256":
            self._rotation = asyncio.create_task(repeat(self.store.work, task="rotation of keys"))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._settings.algorithm == "ES256":
            self._rotation.cancel()
            await asyncio.gather(self._rotation, return_exceptions=True)

    async def token(self, *, subject: str, client_id: str, scope: str) -> str:
        """Return a new access token.

        Raises:
            KeysError: The file of the key of HS256 is gone.
            UnavailableError: There is no key yet, and the database is away.
        """
        return issue(
            await self._key(),
            subject=subject,
            client_id=client_id,
            scope=scope,
            lifetime_seconds=self._settings.token_seconds,
        )

    async def _key(self) -> SigningKey:
        if self._settings.algorithm == "HS256" and self._settings.key_file:
            return read_shared_key(self._settings.key_file)
        return await self.store.signing_key()


def key_set_routes(signer: Signer) -> APIRouter:
    """Return the route of the key set, which is empty with HS256."""
    routes = APIRouter()

    @routes.get(KEY_SET_PATH)
    async def key_set(response: Response) -> dict[str, list[dict[str, Any]]]:
        response.headers["Cache-Control"] = f"max-age={MAX_AGE_SECONDS}"
        return to_key_set(signer.store.all())

    return routes
