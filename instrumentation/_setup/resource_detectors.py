"""Resource detectors of other packages: of clouds, containers, the operating system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.resources import Resource, get_aggregated_resources

from instrumentation._support.plugins import load_plugin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opentelemetry.util.types import AnyValue

BUILT_IN: Final = "otel"
"""Detector that reads variables which `Settings` has already read."""


def detect(names: Iterable[str]) -> Mapping[str, AnyValue]:
    """Return the attributes of the detectors *names*; a later detector overrides earlier ones.

    A detector that fails is skipped.

    Raises:
        ConfigurationError: No installed package provides one of them.
    """
    variable, group = "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "opentelemetry_resource_detector"
    detectors = [load_plugin(variable, group, name)() for name in names if name != BUILT_IN]
    return get_aggregated_resources(detectors, Resource({})).attributes
