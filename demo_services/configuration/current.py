"""Current configuration of a running service, replaced as a whole by each accepted document."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Generic, Self

from demo_services.configuration.checking import ConfigurationError
from demo_services.configuration.documents import Document, changed_keys
from demo_services.configuration.models import Model
from demo_services.configuration.polling import Answer, Poller
from demo_services.configuration.source import Source
from demo_services.metrics import counter, gauge
from demo_services.tls import Identity
from instrumentation import Telemetry
from instrumentation.conventions import Attribute
from instrumentation.service_metrics import (
    CONFIGURATION_CANARY,
    CONFIGURATION_CONTACT_TIMESTAMP_SECONDS,
    CONFIGURATION_LAST_RELOAD_SUCCESSFUL,
    CONFIGURATION_RELOADS,
    CONFIGURATION_VERSION,
)

_LOG: Final = logging.getLogger(__name__)


class Configuration(Generic[Model]):
    """Configuration that follows the center while the context manager is open.

    Args:
        model: Type of the configuration.
        source: Files, environment and center.
        identity: Certificates for the center.

    Raises:
        ConfigurationError: Files or environment are refused, so the service does not start.
    """

    def __init__(
        self,
        model: type[Model],
        source: Source,
        telemetry: Telemetry,
        *,
        identity: Identity | None = None,
    ) -> None:
        self._model = model
        self._source = source
        self._identity = identity
        attributes = telemetry.settings.resource_attributes
        self._instance = attributes.get(Attribute.SERVICE_INSTANCE_ID) or source.application
        self._appliers: list[Callable[[Model], None]] = []
        self._poller: Poller | None = None
        registry = telemetry.registry
        self._version = gauge(CONFIGURATION_VERSION, registry)
        self._canary = gauge(CONFIGURATION_CANARY, registry)
        self._contact = gauge(CONFIGURATION_CONTACT_TIMESTAMP_SECONDS, registry)
        self._successful = gauge(CONFIGURATION_LAST_RELOAD_SUCCESSFUL, registry)
        self._successful.set(1)
        reloads = counter(CONFIGURATION_RELOADS, registry)
        self._applied, self._refused = map(reloads.labels, ("applied", "refused"))
        self._value = source.load(model)
        self.subscribe(_set_log_level)

    @property
    def value(self) -> Model:
        """Immutable configuration in use. Two reads may differ, so read it once for one task."""
        return self._value

    def subscribe(self, apply: Callable[[Model], None]) -> None:
        """Call *apply* with the configuration now, and after each change, in the event loop."""
        self._appliers.append(apply)
        apply(self._value)

    def offer(self, version: int, document: Document, *, canary: bool = False) -> bool:
        """Use *document* of the center if it is valid. Return false if it is refused.

        Of a refused document nothing is applied, and the service goes on with the configuration
        that it has.
        """
        try:
            new = self._source.load(self._model, document)
        except ConfigurationError as error:
            self._refused.inc()
            self._successful.set(0)
            _LOG.error(
                "configuration refused; the old one stays in use",
                extra={"version": version, "problems": list(map(str, error.problems))},
            )
            return False
        keys = changed_keys(self._value.model_dump(), new.model_dump())
        self._value = new
        for apply in self._appliers:
            apply(new)
        self._applied.inc()
        self._successful.set(1)
        self._version.set(version)
        self._canary.set(canary)
        _LOG.info(
            "configuration applied", extra={"version": version, "keys": keys, "canary": canary}
        )
        return True

    async def __aenter__(self) -> Self:
        if self._source.url:
            loop = asyncio.get_running_loop()

            def deliver(answer: Answer) -> None:
                loop.call_soon_threadsafe(self._receive, answer)

            self._poller = Poller(self._source, self._instance, self._identity, deliver)
            self._poller.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._poller:
            self._poller.stop()

    def _receive(self, answer: Answer) -> None:
        self._contact.set_to_current_time()
        if answer.document is not None:
            self.offer(answer.version, answer.document, canary=answer.canary)


def _set_log_level(configuration: Model) -> None:
    logging.getLogger().setLevel(configuration.log_level)
