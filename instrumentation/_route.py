"""The route a request met, read from the scope after dispatch; the app's routes are never walked.

Frameworks rearrange their route tables from release to release; what they leave in the scope is
what they dispatch by.
"""

from collections.abc import Mapping
from typing import Any

Scope = Mapping[str, Any]


def route_of(scope: Scope) -> str:
    """The template of the route with the prefixes of mounts, or empty when nothing matched.

    Where a mount matched but nothing that is known below it, its prefix alone.
    """
    prefix: str = scope.get("root_path", "")
    if prefix:
        own: str = scope.get("app_root_path", prefix)
        prefix = prefix[len(own) :]
    route = scope.get("route")
    if route is None:
        return prefix + str(scope.get("path_template", ""))  # Litestar's
    included = scope.get("fastapi")
    if included:
        context = included.get("effective_route_context")
        if context is not None and context.original_route is route:
            return prefix + str(context.path_format)
    return prefix + str(getattr(route, "path_format", ""))
