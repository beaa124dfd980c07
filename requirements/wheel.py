"""Build hook: the artifact rooms travel in the wheel, under the one folder where the command looks.

An editable install needs no copy: `sightline.artifacts` finds the rooms in the checkout.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOMS = (".env", "docker-compose.yml", "docs/runbooks", "grafana", "jaeger", "prometheus")


class ArtifactsHook(BuildHookInterface[Any]):
    """Adds the rooms to a wheel that is not editable."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the rooms to *build_data*, for wheels of *version* ``standard``."""
        if version == "standard":
            rooms = {room: f"sightline/artifacts/{room}" for room in ROOMS}
            build_data["force_include"].update(rooms)
