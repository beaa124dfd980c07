"""Registration of this instance, kept until the service stops."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import Counter

from demo_services.probe import answers
from demo_services.registry.absence import Absence
from demo_services.registry.agent import Agent, RegistryError
from demo_services.registry.settings import RegistrySettings
from demo_services.tls import Identity
from demo_services.urls import url_host

RENEW_SECONDS: Final = 2.0
"""Interval of the question if the registry still knows this instance: it may have restarted."""
START_POLL_SECONDS: Final = 0.1
"""Interval of probes of this instance, which registers once it serves."""
REMOVE_AFTER: Final = "10m"
"""Time after which the registry removes an instance that stays critical: longer than the alert
on it waits."""
CHECK_PATH: Final = "/healthz"
"""Path of the registry's check. Readiness asks other services, so that one failing service would
take its callers out of every list."""

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Description of an instance, by itself."""

    service: str
    port: int
    meta: Mapping[str, str]


class Presence:
    """Thread that registers this instance, registers it again if it was forgotten, and removes it.

    Args:
        registrations: Counter by result.
    """

    def __init__(
        self,
        description: Description,
        settings: RegistrySettings,
        identity: Identity | None,
        registrations: Counter,
    ) -> None:
        self._description = description
        self._settings = settings
        self._identity = identity
        self._agent = Agent(settings.url, identity)
        self._succeeded, self._failed = (
            registrations.labels(result) for result in ("success", "failure")
        )
        self._registered_id = ""
        self._absence = Absence("callers may not find this instance")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="registration", daemon=True)

    def start(self) -> None:
        """Begin. It does not block: a service starts without the registry."""
        self._thread.start()

    def stop(self) -> None:
        """Remove the registration, and end. It blocks for a second or two at most."""
        self._stopping.set()
        self._agent.abort()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._stopping.wait(RENEW_SECONDS if self._renew() else START_POLL_SECONDS)
        if self._registered_id:
            try:
                self._agent.deregister(self._registered_id)
            except RegistryError as error:
                # Usual for the registry itself, which does not answer any more.
                _LOG.info("the registration is left to the health checks: %s", error)

    def _renew(self) -> bool:
        """Register if necessary. Return false while this instance does not serve yet."""
        try:
            address = self._settings.advertised_host or self._agent.own_address()
            if not self._registered_id and not self._serves(address):
                return False
            if not self._registered_id or not self._agent.knows(self._registered_id):
                self._register(address)
        except RegistryError as error:
            self._failed.inc()
            self._absence.record(error)
        else:
            self._absence.end()
        return True

    def _register(self, address: str) -> None:
        body = self._body(address)
        self._agent.register(body)
        self._registered_id = str(body["ID"])
        self._succeeded.inc()
        _LOG.info("registered as %s", self._registered_id)

    def _serves(self, address: str) -> bool:
        return answers(self._check_url(address), identity=self._identity)

    def _check_url(self, address: str) -> str:
        scheme = "https" if self._identity else "http"
        return f"{scheme}://{url_host(address)}:{self._description.port}{CHECK_PATH}"

    def _body(self, address: str) -> dict[str, object]:
        """Return the registration. The address is in the id, so that no replicas share one."""
        one = self._description
        return {
            "ID": f"{one.service}-{address}-{one.port}",
            "Name": one.service,
            "Address": address,
            "Port": one.port,
            "Meta": dict(one.meta),
            "Check": {
                "HTTP": self._check_url(address),
                "Interval": f"{self._settings.check_seconds:.0f}s",
                "Timeout": "1s",
                "Status": "passing",
                "DeregisterCriticalServiceAfter": REMOVE_AFTER,
            },
        }
