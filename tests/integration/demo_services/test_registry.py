"""Registry over HTTP, through the client of the services and through py-consul alike."""

import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from time import monotonic
from typing import Any, Protocol

import consul
import pytest

from demo_services.registry.agent import Agent, RegistryError
from tests.fakes.threaded import ThreadedServer
from tests.integration.demo_services.conftest import Service, Start
from tests.waiting import until

WITHIN_SECONDS = 30.0


class Instance(ThreadedServer):
    """Instance whose health check answers *status*."""

    def __init__(self) -> None:
        self.status = 200
        instance = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(instance.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        super().__init__(Handler)

    @property
    def check(self) -> str:
        """URL of the health check."""
        return f"http://{self.address}/healthz"


class Client(Protocol):
    """Client as the contract demands it."""

    def register(self, service: str, instance: Instance, *, remove_after: str = "1h") -> None: ...

    def deregister(self, service: str, instance: Instance) -> bool: ...

    def ports(
        self, service: str, index: int = 0, wait_seconds: int = 0
    ) -> tuple[int, list[int]]: ...

    def knows(self, service: str, instance: Instance) -> bool: ...


def id_of(service: str, instance: Instance) -> str:
    return f"{service}-{instance.port}"


class Ours:
    """Client of the services."""

    def __init__(self, url: str) -> None:
        self._agent = Agent(url, None)

    def register(self, service: str, instance: Instance, *, remove_after: str = "1h") -> None:
        check = {
            "HTTP": instance.check,
            "Interval": "1s",
            "DeregisterCriticalServiceAfter": remove_after,
        }
        body = {
            "ID": id_of(service, instance),
            "Name": service,
            "Address": "127.0.0.1",
            "Port": instance.port,
            "Check": check,
        }
        self._agent.register(body)

    def deregister(self, service: str, instance: Instance) -> bool:
        try:
            self._agent.deregister(id_of(service, instance))
        except RegistryError:
            return False
        return True

    def ports(self, service: str, index: int = 0, wait_seconds: int = 0) -> tuple[int, list[int]]:
        answer = self._agent.find(service, index=index, wait_seconds=wait_seconds)
        return answer.index, sorted(one.port for one in answer.instances)

    def knows(self, service: str, instance: Instance) -> bool:
        return self._agent.knows(id_of(service, instance))


class Stock:
    """Client py-consul."""

    def __init__(self, url: str) -> None:
        self._consul: Any = consul.Consul(port=int(url.rpartition(":")[2]))

    def register(self, service: str, instance: Instance, *, remove_after: str = "1h") -> None:
        check = consul.Check.http(instance.check, interval="1s", deregister=remove_after)
        self._consul.agent.service.register(
            service,
            service_id=id_of(service, instance),
            address="127.0.0.1",
            port=instance.port,
            check=check,
        )

    def deregister(self, service: str, instance: Instance) -> bool:
        return bool(self._consul.agent.service.deregister(id_of(service, instance)))

    def ports(self, service: str, index: int = 0, wait_seconds: int = 0) -> tuple[int, list[int]]:
        found, nodes = self._consul.health.service(
            service, passing=True, index=index or None, wait=f"{wait_seconds}s"
        )
        return int(found), sorted(node["Service"]["Port"] for node in nodes)

    def knows(self, service: str, instance: Instance) -> bool:
        return id_of(service, instance) in self._consul.agent.services()


@pytest.fixture(scope="module")
def control(start: Start) -> Service:
    return start("control")


@pytest.fixture(params=[Ours, Stock])
def client(request: pytest.FixtureRequest, control: Service) -> Client:
    made: Client = request.param(control.url)
    return made


@pytest.fixture
def instance() -> Iterator[Instance]:
    with Instance() as running:
        yield running


@pytest.fixture
def service(request: pytest.FixtureRequest) -> str:
    """Name of a service that no other test has."""
    return f"s{zlib.crc32(request.node.nodeid.encode()):x}"


def test_an_instance_is_found_once_its_check_passes(
    client: Client, instance: Instance, service: str
) -> None:
    client.register(service, instance)

    until(lambda: client.ports(service)[1] == [instance.port], within_seconds=WITHIN_SECONDS)

    assert client.knows(service, instance)


def test_a_sick_instance_is_not_found_until_it_recovers(
    client: Client, instance: Instance, service: str
) -> None:
    client.register(service, instance)
    until(lambda: client.ports(service)[1] == [instance.port], within_seconds=WITHIN_SECONDS)

    instance.status = 503
    until(lambda: client.ports(service)[1] == [], within_seconds=WITHIN_SECONDS)
    kept = client.knows(service, instance)
    instance.status = 200
    until(lambda: client.ports(service)[1] == [instance.port], within_seconds=WITHIN_SECONDS)

    assert kept


def test_an_instance_that_stays_critical_is_removed(
    client: Client, instance: Instance, service: str
) -> None:
    instance.status = 500
    client.register(service, instance, remove_after="2s")
    assert client.knows(service, instance)

    until(lambda: not client.knows(service, instance), within_seconds=WITHIN_SECONDS)


def test_a_deregistered_instance_is_gone_at_once(
    client: Client, instance: Instance, service: str
) -> None:
    client.register(service, instance)
    until(lambda: client.ports(service)[1] == [instance.port], within_seconds=WITHIN_SECONDS)

    removed = client.deregister(service, instance)

    assert removed
    assert client.ports(service)[1] == []


def test_an_unknown_id_cannot_be_deregistered(
    client: Client, instance: Instance, service: str
) -> None:
    assert not client.deregister(service, instance)


def test_a_blocking_query_returns_with_the_change(
    client: Client, instance: Instance, service: str
) -> None:
    index, before = client.ports(service)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.ports, service, index, 20)
        client.register(service, instance)
        index_after, _ = waiting.result(timeout=WITHIN_SECONDS)

    assert before == []
    assert index_after > index


def test_a_blocking_query_without_a_change_returns_after_its_time(
    client: Client, service: str
) -> None:
    index, _ = client.ports(service)
    began = monotonic()

    index_after, _ = client.ports(service, index, 1)

    assert index_after > index or monotonic() - began >= 0.9


def test_a_query_with_the_index_of_another_registry_returns_at_once(
    client: Client, service: str
) -> None:
    index, _ = client.ports(service)
    began = monotonic()

    client.ports(service, index + 1_000_000, 20)

    assert monotonic() - began < 10
