"""Hostile requests: bounded series, bounded memory, no secrets, no forged traces."""

import asyncio
import tracemalloc
from random import Random

import pytest
from fastapi import FastAPI

from instrumentation import TelemetryMiddleware
from instrumentation._spans.propagators import TRACEPARENT
from instrumentation.settings import SECRET_PARAMETERS
from instrumentation.testing import Recording
from tests.asgi import answer, get, scope

REQUESTS = 10_000
TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def app(telemetry: Recording) -> TelemetryMiddleware:
    shop = FastAPI()

    @shop.get("/items/{item_id}")
    async def item(item_id: str) -> dict[str, str]:
        return {"item_id": item_id}

    return TelemetryMiddleware(shop, telemetry.telemetry)


def random_word(random: Random) -> str:
    return "".join(chr(random.randrange(33, 0x2FFF)) for _ in range(random.randrange(1, 20)))


async def send_random_requests(app: TelemetryMiddleware, count: int, seed: int) -> None:
    """Send requests with random paths, methods, hosts, agents and parameters."""
    random = Random(seed)  # noqa: S311  the same requests in every run
    for _ in range(count):
        headers = [
            (b"host", random_word(random).encode()),
            (b"user-agent", random_word(random).encode()),
            (TRACEPARENT, random_word(random).encode()),
        ]
        query = f"{random_word(random)}={random_word(random)}".encode()
        request = scope(
            f"/{random_word(random)}",
            method=random_word(random),
            headers=headers,
            query_string=query,
        )
        await answer(app, request)


def series(telemetry: Recording) -> int:
    return sum(len(family.samples) for family in telemetry.telemetry.registry.collect())


def test_ten_thousand_random_requests_create_no_series(
    telemetry: Recording, app: TelemetryMiddleware
) -> None:
    asyncio.run(send_random_requests(app, 10, seed=1))
    before = series(telemetry)

    asyncio.run(send_random_requests(app, REQUESTS, seed=2))

    assert series(telemetry) == before
    assert {span.name for span in telemetry.spans} == {"HTTP"}


def test_random_requests_leave_no_memory_behind(
    telemetry: Recording, app: TelemetryMiddleware
) -> None:
    tracemalloc.start()
    asyncio.run(send_random_requests(app, 1000, seed=3))
    telemetry.forget()
    before, _ = tracemalloc.get_traced_memory()

    asyncio.run(send_random_requests(app, 1000, seed=4))

    telemetry.forget()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 1_000_000


@pytest.mark.parametrize("name", sorted(SECRET_PARAMETERS))
def test_a_secret_parameter_is_redacted_in_every_spelling(
    telemetry: Recording, app: TelemetryMiddleware, name: str
) -> None:
    encoded = "".join(f"%{ord(letter):02x}" for letter in name)
    query = f"a=1&{name}=hunter2&{name.upper()}=hunter2&{encoded}=hunter2"

    get(app, "/items/1", query_string=query.encode())

    (span,) = telemetry.spans
    assert "hunter2" not in str(span)
    assert span.attributes["url.query"].startswith("a=1&")


@pytest.mark.parametrize(
    "headers",
    [
        [(b"baggage", b"k=" + b"v" * 1_000_000)],
        [(b"baggage", b",".join(b"k%d=v" % n for n in range(10_000)))],
        [(b"tracestate", b"a=" + b"b" * 1_000_000), (TRACEPARENT, TRACE)],
        [(b"baggage", b"a=%0d%0aset-cookie:x,b=%00,c=\xff\xfe")],
        [(b"host", b"[::1"), (b"user-agent", b"\xff" * 9), (b"content-length", b"-1")],
        [(b"host", b"a@b:99999999"), (b"content-length", "\u0661".encode())],
        [(TRACEPARENT, b"\xff" * 55), (b"\xff", b"\xff")],
        [(b"authorization", b"Bearer hunter2"), (b"cookie", b"session=hunter2")],
    ],
    ids=range(8),
)
def test_the_service_answers_with_any_headers(
    telemetry: Recording, app: TelemetryMiddleware, headers: list[tuple[bytes, bytes]]
) -> None:
    assert get(app, "/items/1", headers=headers) == 200

    (span,) = telemetry.spans
    assert "hunter2" not in str(span)
    assert len(str(span)) < 3000


def test_a_very_long_path_is_truncated(telemetry: Recording, app: TelemetryMiddleware) -> None:
    get(app, "/items/" + "x" * 100_000)

    (span,) = telemetry.spans
    assert len(span.attributes["url.path"]) == 2048
