"""Addresses of other services, and the registration of this one.

::

    registry = Discovery(settings, telemetry, service="gateway")
    users = Peer("users", registry.urls["users"], ...)
    async with registry: ...

Without ``REGISTRY_URL``, the addresses are those of the environment.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, Self

from demo_services.metrics import counter, gauge
from demo_services.registry.agent import Agent, Found
from demo_services.registry.balancer import Balancer
from demo_services.registry.presence import Description, Presence
from demo_services.registry.settings import RegistrySettings
from demo_services.registry.watch import Watch
from demo_services.settings import Settings
from demo_services.urls import url_host
from instrumentation import Telemetry
from instrumentation.service_metrics import (
    SERVICE_REGISTRY_LIST_AGE_SECONDS,
    SERVICE_REGISTRY_REGISTRATIONS,
)

GRPC_PORT: Final = "grpc_port"
"""Key of the gRPC port among the metadata of an instance."""


class Discovery:
    """Balancers of the services that this one calls, as an async context manager.

    Enter it last, so that this instance leaves the registry before it stops to serve.
    """

    def __init__(self, settings: Settings, telemetry: Telemetry, *, service: str) -> None:
        self._scheme = "https" if settings.identity else "http"
        self.urls: Mapping[str, Balancer] = {
            name: Balancer([url]) for name, url in settings.peers.items()
        }
        """Base URLs of the instances of each service that is called by HTTP."""
        self.targets: Mapping[str, Balancer] = {
            name: Balancer([target]) for name, target in settings.targets.items()
        }
        """Targets of the instances of each service that is called by gRPC."""
        self._watches: list[Watch] = []
        self._presence: Presence | None = None
        if settings.registry is not None:
            self._join(settings, settings.registry, telemetry, service)

    async def __aenter__(self) -> Self:
        for watch in self._watches:
            watch.start()
        if self._presence:
            self._presence.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._presence:
            await asyncio.to_thread(self._presence.stop)
        for watch in self._watches:
            await asyncio.to_thread(watch.stop)

    def _join(
        self, settings: Settings, registry: RegistrySettings, telemetry: Telemetry, service: str
    ) -> None:
        ages = gauge(SERVICE_REGISTRY_LIST_AGE_SECONDS, telemetry.registry)
        for name in sorted({*self.urls, *self.targets}):
            agent = Agent(registry.url, settings.identity)
            watch = Watch(name, agent, partial(self._use, name))
            ages.labels(name).set_function(watch.age_seconds)
            self._watches.append(watch)
        self._presence = Presence(
            _describe(settings, telemetry, service),
            registry,
            settings.identity,
            counter(SERVICE_REGISTRY_REGISTRATIONS, telemetry.registry),
        )

    def _use(self, name: str, instances: Sequence[Found]) -> None:
        """Balance the calls of the service *name* over *instances*."""
        if name in self.urls:
            urls = (f"{self._scheme}://{url_host(one.address)}:{one.port}" for one in instances)
            self.urls[name].replace(urls)
        if name in self.targets:
            ports = ((url_host(one.address), one.meta.get(GRPC_PORT)) for one in instances)
            self.targets[name].replace(f"{host}:{port}" for host, port in ports if port)


def _describe(settings: Settings, telemetry: Telemetry, service: str) -> Description:
    resource = telemetry.settings.resource_attributes
    meta = {
        "version": resource.get("service.version", ""),
        "instance": resource.get("service.instance.id", ""),
    }
    if settings.grpc_port:
        meta[GRPC_PORT] = str(settings.grpc_port)
    return Description(service=service, port=settings.port, meta=meta)
