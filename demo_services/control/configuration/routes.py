"""Routes of the configuration center."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from demo_services.configuration.checking import ConfigurationError
from demo_services.configuration.models import APPLICATIONS
from demo_services.configuration.source import PROFILES
from demo_services.control.configuration.access import Authorize, ForbiddenError
from demo_services.control.configuration.center import Center, ConflictError, Key
from demo_services.control.configuration.revision import Revision, Target
from demo_services.control.configuration.storage import StorageError
from demo_services.waiters import BusyError

MAX_WAIT_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 5

PATHS: Final = tuple(
    f"/config/{application}/{profile}" for application in APPLICATIONS for profile in PROFILES
)
"""Paths of polls. They are not recorded, because they wait for long; audit lines record pushes."""

Version = Annotated[int, Query(ge=0, le=2**53)]
Wait = Annotated[float, Query(ge=0, le=MAX_WAIT_SECONDS)]
Instance = Annotated[str, Query(max_length=200)]
Instances = Annotated[list[str] | None, Query(max_length=100)]
Percent = Annotated[int, Query(ge=0, le=99)]
Document = Annotated[dict[str, Any], Body()]


def _key(application: str, profile: str) -> Key:
    if application not in APPLICATIONS or profile not in PROFILES:
        expected = f"one of {', '.join(APPLICATIONS)}, then one of {', '.join(PROFILES)}"
        raise HTTPException(HTTPStatus.NOT_FOUND, f"expected {expected}")
    return application, profile


Place = Annotated[Key, Depends(_key)]


def center_routes(center: Center, authorize: Authorize) -> APIRouter:
    """Return the routes below ``/config``. *authorize* checks each change."""
    routes = APIRouter(prefix="/config/{application}/{profile}")

    @routes.get("")
    async def poll(
        key: Place, instance: Instance = "", version: Version = 0, wait: Wait = 0.0
    ) -> Response:
        try:
            found = await center.poll(key, instance, version, wait)
        except BusyError as error:
            retry = {"Retry-After": f"{RETRY_SECONDS}"}
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}", retry) from error
        return _answer(found) if found else Response(status_code=HTTPStatus.NOT_MODIFIED)

    @routes.put("")
    async def push(
        key: Place,
        document: Document,
        request: Request,
        instances: Instances = None,
        percent: Percent = 0,
    ) -> Response:
        with _changing(center, key, request, authorize) as author:
            target = _target(instances, percent)
            return _answer(center.push(key, document, author, target))

    @routes.post("/promote")
    async def promote(key: Place, request: Request) -> Response:
        with _changing(center, key, request, authorize) as author:
            return _answer(center.promote(key, author))

    @routes.post("/drop")
    async def drop(key: Place, request: Request) -> Response:
        with _changing(center, key, request, authorize) as author:
            return _answer(center.drop(key, author))

    @routes.post("/rollback")
    async def rollback(key: Place, version: Version, request: Request) -> Response:
        with _changing(center, key, request, authorize) as author:
            return _answer(center.rollback(key, version, author))

    @routes.get("/history")
    async def history(key: Place) -> list[Revision]:
        return list(center.shelf(key).history)

    return routes


@contextmanager
def _changing(center: Center, key: Key, request: Request, authorize: Authorize) -> Iterator[str]:
    """Yield the author of a change, and answer errors of the block."""
    try:
        author = authorize(request, key[1])
    except ForbiddenError as error:
        address = request.client.host if request.client else "unknown"
        center.refuse(key, address, [f"{error}"])
        raise HTTPException(HTTPStatus.FORBIDDEN, f"{error}") from error
    try:
        yield author
    except ConfigurationError as error:
        problems = [
            {"key": each.key, "value": each.value, "expected": each.expected}
            for each in error.problems
        ]
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, problems) from error
    except ConflictError as error:
        raise HTTPException(HTTPStatus.CONFLICT, f"{error}") from error
    except StorageError as error:
        center.refuse(key, author, [f"{error}"])
        raise HTTPException(HTTPStatus.INSUFFICIENT_STORAGE, f"{error}") from error


def _target(instances: list[str] | None, percent: int) -> Target | None:
    if not instances and not percent:
        return None
    try:
        return Target(instances=tuple(instances or ()), percent=percent)
    except ValidationError as error:
        expected = "either names of instances or a percentage from 1 to 99"
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"expected {expected}") from error


def _answer(revision: Revision) -> JSONResponse:
    return JSONResponse(
        {
            "version": revision.version,
            "canary": revision.target is not None,
            "document": revision.document,
        },
        headers={"ETag": f'"{revision.version}"', "Cache-Control": "no-store"},
    )
