"""Resource detectors of other packages: of clouds, containers, the operating system."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.resources import Resource, get_aggregated_resources

from instrumentation._support.plugins import load_plugin

if TYPE_CHECKING:
    from opentelemetry.util.types import AnyValue

OURS: Final = "otel"
"""Reads variables that we have read already."""


def detected(names: Iterable[str]) -> Mapping[str, "AnyValue"]:
    """What the detectors *names* say; a later one wins, and one that fails says nothing.

    Raises:
        ConfigurationError: No installed package offers one of them.
    """
    variable, group = "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "opentelemetry_resource_detector"
    detectors = [load_plugin(variable, group, name)() for name in names if name != OURS]
    return get_aggregated_resources(detectors, Resource({})).attributes
