"""The route a request met, read from the scope after dispatch; the app's routes are never walked.

Frameworks rearrange their route tables from release to release; what they leave in the scope is
what they dispatch by. FastAPI from 0.142 on names the whole template, also that of a redirect's
target. Elsewhere a mount leaves the path it matched, not its template: what a caller chose is found
in the path parameters and taken out again.
"""

from collections.abc import Mapping
from typing import Any, Final

from instrumentation._server.fastapi_telemetry import NATIVE, NativeRequest

Scope = Mapping[str, Any]

MOST_PREFIXES: Final = 64
"""Of mounts. More of them are a caller's values that no path parameter tells of."""

UNKNOWN_PREFIX: Final = "/{mount}"


class Routes:
    """Names the routes of one service."""

    def __init__(self) -> None:
        self._prefixes: set[str] = set()

    def of(self, scope: Scope) -> str:
        """The template of the route with the prefixes of mounts, or empty when nothing matched.

        Where a mount matched but nothing that is known below it, its prefix alone.
        """
        record = scope.get(NATIVE)
        if record is not None and (route := record.route) is not None:
            if not record._mount_prefix:  # noqa: SLF001  see _server/fastapi_telemetry.py
                return route  # type: ignore[no-any-return]  # FastAPI's
            if route := _below(record, scope):
                return route
        prefix: str = scope.get("root_path", "")
        if prefix:
            prefix = prefix[len(scope.get("app_root_path", prefix)) :]
        return self._mounted(prefix, scope) if prefix else _template(scope)

    def _mounted(self, path: str, scope: Scope) -> str:
        template = "" if hasattr(scope.get("route"), "routes") else _template(scope)
        prefix = _without_values(path, scope.get("path_params") or {}, template)
        if prefix not in self._prefixes:
            if len(self._prefixes) >= MOST_PREFIXES:
                return UNKNOWN_PREFIX + template
            self._prefixes.add(prefix)
        return prefix + template


def _below(record: NativeRequest, scope: Scope) -> str:
    """Return the route that FastAPI named, or empty where it knows no more than the mount."""
    mounts = record._mount_prefix  # noqa: SLF001  see _server/fastapi_telemetry.py
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


def _without_values(path: str, parameters: Mapping[str, object], below: str) -> str:
    """*path* of mounts with the names of their parameters where a caller gave values.

    Args:
        path: What the mounts matched.
        parameters: By name, from the outermost mount to the innermost route.
        below: The template of the route below the mounts, which has parameters of its own.
    """
    names = [name for name in parameters if f"{{{name}}}" not in below]
    found = f"{path}/"
    for name in reversed(names):
        before, value, after = found.rpartition(f"/{parameters[name]}/")
        if value:
            found = f"{before}/{{{name}}}/{after}"
        elif below:  # a convertor has made another value of what was in the path
            return "".join(f"/{{{each}}}" for each in names)
    return found[:-1]
