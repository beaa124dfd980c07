"""Route of a request, read from the scope after dispatch. The app's routes are never walked.

Frameworks change their route tables between releases, but keep the keys of the scope. FastAPI since
0.142 stores the whole template, including that of a redirect. In other frameworks a mount stores
the path it matched instead of its template. Values of path parameters are then replaced by names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from instrumentation._server.protocols import NativeRequest

from instrumentation._server.fastapi_telemetry import RECORD_KEY
from instrumentation.conventions import UNMATCHED_BELOW_MOUNT

Scope = Mapping[str, Any]

MAX_PREFIXES: Final = 64
"""Bound of distinct mount prefixes; more of them contain values that no path parameter has."""

UNKNOWN_PREFIX: Final = "/{mount}"

NOT_FOUND: Final = 404


def route_path(scope: Scope) -> str:
    """Return the path of *scope* below the prefix of the server or proxy, as Starlette reads it."""
    path: str = scope["path"]
    prefix: str = scope.get("root_path") or ""
    below = path.removeprefix(prefix)
    return below if below.startswith("/") or path == prefix else path


class Routes:
    """Reader of the routes of one service, with a bounded set of mount prefixes."""

    def __init__(self) -> None:
        self._prefixes: set[str] = set()

    def route_of(self, scope: Scope, status_code: int) -> str:
        """Return the template of the route with its mount prefixes; empty without a match.

        If the route below a mount is unknown, the result is the prefix of the mount, followed by
        `UNMATCHED_BELOW_MOUNT` for a 404.
        """
        record = scope.get(RECORD_KEY)
        if record is not None and (route := record.route) is not None:
            if not record._mount_prefix:
                return route  # type: ignore[no-any-return]  # FastAPI's
            if route := _fastapi_route(record, scope):
                return route
        prefix: str = scope.get("root_path", "")
        if prefix:
            prefix = prefix[len(scope.get("app_root_path", prefix)) :]
        return self._with_mounts(prefix, scope, status_code) if prefix else _template(scope)

    def _with_mounts(self, path: str, scope: Scope, status_code: int) -> str:
        template = "" if hasattr(scope.get("route"), "routes") else _template(scope)
        prefix = _mount_template(path, scope.get("path_params") or {}, template)
        if not template and status_code == NOT_FOUND:
            template = UNMATCHED_BELOW_MOUNT
        if prefix not in self._prefixes:
            if len(self._prefixes) >= MAX_PREFIXES:
                return UNKNOWN_PREFIX + template
            self._prefixes.add(prefix)
        return prefix + template


def _fastapi_route(record: NativeRequest, scope: Scope) -> str:
    """Return the route that FastAPI recorded; empty if it recorded only the mount."""
    mounts = record._mount_prefix
    route = record.route or ""
    served_under = scope.get("app_root_path", scope.get("root_path"))
    own = served_under.rstrip("/") if served_under else ""
    if mounts != own and route == f"{mounts}/{{path}}":
        return ""
    return route[len(own) :] if own and route.startswith(own) else route


def _template(scope: Scope) -> str:
    route = scope.get("route")
    if route is None:
        return str(scope.get("path_template", ""))  # Litestar's
    included = scope.get("fastapi")
    if included:
        context = included.get("effective_route_context")
        if context is not None and context.original_route is route:
            return str(context.path_format)
    return str(getattr(route, "path_format", ""))


def _mount_template(path: str, parameters: Mapping[str, object], below: str) -> str:
    """Return *path* with names of path parameters in place of their values.

    Args:
        path: Path that the mounts matched.
        parameters: Path parameters, from the outermost mount to the innermost route.
        below: Template of the route below the mounts, which has its own parameters.
    """
    names = [name for name in parameters if f"{{{name}}}" not in below]
    found = f"{path}/"
    for name in reversed(names):
        before, value, after = found.rpartition(f"/{parameters[name]}/")
        if value:
            found = f"{before}/{{{name}}}/{after}"
        elif below:  # a converter has changed the value
            return "".join(f"/{{{each}}}" for each in names)
    return found[:-1]
