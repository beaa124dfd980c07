"""Token bucket shared through a real Redis or Valkey."""

import asyncio
import math
import multiprocessing
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from time import monotonic

import pytest
import redis
from prometheus_client import CollectorRegistry

from demo_services.limits import shared
from demo_services.limits.algorithms import Decision, Quota, TokenBucket
from demo_services.limits.policy import Limits, Policy
from demo_services.limits.shared import SharedTokenBucket
from tests import redis_server
from tests.freezing import freeze
from tests.integration.demo_services.conftest import Service, Start, lone_gateway
from tests.waiting import until

STEPS = 10_000
SCRIPT = Path(shared.__file__).with_name("token_bucket.lua")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server.running(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


class Model:
    """Token bucket with exact arithmetic, at the times of the server's clock."""

    def __init__(self, rate: Fraction, size: int, now: int) -> None:
        self.rate, self.size = rate, size
        self.tokens, self.changed = Fraction(size), now

    def take(self, now: int) -> tuple[int, int, int, int]:
        self.tokens = min(
            Fraction(self.size),
            self.tokens + Fraction(max(0, now - self.changed), 10**6) * self.rate,
        )
        self.changed = now
        allowed = self.tokens >= 1
        retry = 0 if allowed else (1 - self.tokens) / self.rate * 10**6
        self.tokens -= allowed
        reset = (self.size - self.tokens) / self.rate * 10**6
        return int(allowed), math.floor(self.tokens), math.ceil(retry), math.ceil(reset)


@pytest.mark.parametrize(
    ("thousandths", "size"), [(3_000_000, 5), (1_234_567, 1), (10_000_001, 40), (333, 3)]
)
def test_the_script_equals_exact_arithmetic(url: str, thousandths: int, size: int) -> None:
    client = redis.Redis.from_url(url)
    take = client.register_script(SCRIPT.read_text())
    key = f"exact:{thousandths}"
    first = take(keys=[key], args=[thousandths, size])
    model = Model(Fraction(thousandths, 1000), size, first[4])
    model.take(first[4])

    # One by one, a slow client would stay below the highest rate.
    with client.pipeline(transaction=False) as pipeline:
        for _ in range(STEPS // 4):
            take(keys=[key], args=[thousandths, size], client=pipeline)
        answers = pipeline.execute()

    different = [
        (answer, expected)
        for answer in answers
        if (expected := model.take(answer[4])) != tuple(answer[:4])
    ]
    assert different == []
    assert len({answer[0] for answer in answers}) == 2 or thousandths < 1000
    client.close()


def test_a_server_whose_clock_is_behind_takes_no_tokens_away(url: str) -> None:
    client = redis.Redis.from_url(url)
    take = client.register_script(SCRIPT.read_text())
    *_, now = take(keys=["behind"], args=[1000, 10])
    client.hset("behind", "changed", now + 5_000_000)

    assert take(keys=["behind"], args=[1000, 10])[:2] == [1, 8]
    client.close()


def test_an_unused_bucket_disappears_once_it_is_full(url: str) -> None:
    client = redis.Redis.from_url(url)
    client.register_script(SCRIPT.read_text())(keys=["unused"], args=[10_000, 10])

    assert 100 <= client.pttl("unused") <= 1100
    client.close()


BUSY = Quota(per_second=100, burst=100)
PROCESSES, TASKS, SECONDS = 3, 32, 3.0


def allowed_in_one_process(url: str) -> tuple[int, int]:
    """Return how many requests one process was allowed, and how many Redis did not decide on."""

    async def ask_all() -> tuple[int, int]:
        fallbacks = Counter[str]()
        bucket = SharedTokenBucket(
            url, BUSY, prefix="busy", on_fallback=lambda: fallbacks.update(["decision"])
        )
        end = monotonic() + SECONDS

        async def ask() -> int:
            allowed = 0
            while monotonic() < end:
                allowed += (await bucket.take("client")).allowed
                await asyncio.sleep(0)
            return allowed

        totals = await asyncio.gather(*(ask() for _ in range(TASKS)))
        await bucket.aclose()
        return sum(totals), fallbacks.total()

    return asyncio.run(ask_all())


def test_many_processes_together_stay_within_the_quota(url: str) -> None:
    start = monotonic()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        totals = pool.map(allowed_in_one_process, [url] * PROCESSES)
    seconds = monotonic() - start

    allowed = sum(total for total, _ in totals)
    by_one_instance = sum(fallbacks for _, fallbacks in totals)
    assert allowed - by_one_instance <= BUSY.burst + BUSY.per_second * seconds
    assert allowed >= BUSY.burst + BUSY.per_second * SECONDS * 0.8


def decide(bucket: SharedTokenBucket, times: int) -> list[Decision]:
    async def ask() -> list[Decision]:
        return [await bucket.take("client") for _ in range(times)]

    return asyncio.run(ask())


def test_without_a_server_each_instance_decides_alone_and_counts_it() -> None:
    fallbacks: list[str] = []
    bucket = SharedTokenBucket(
        "redis://127.0.0.1:9",
        Quota(per_second=0.001, burst=5),
        prefix="lone",
        on_fallback=lambda: fallbacks.append("lone"),
    )

    decisions = decide(bucket, times=8)

    assert [decision.allowed for decision in decisions] == [True] * 5 + [False] * 3
    assert len(fallbacks) == 5


@dataclass(frozen=True, slots=True)
class LimitedGateway:
    """Gateway that asks Redis, and reaches no other service."""

    service: Service

    def fallbacks(self) -> float:
        (count,) = self.service.samples("rate_limiter_fallbacks_total").values()
        return count

    def is_decided_by_redis(self) -> bool:
        before = self.fallbacks()
        return self.service.get("/nowhere").status_code == 404 and self.fallbacks() == before


def test_the_gateway_serves_while_redis_hangs_and_asks_it_again_afterwards(
    start: Start, tmp_path: Path
) -> None:
    with redis_server.running(tmp_path) as server:
        service = lone_gateway(start, LIMITER_URL=server.url)
        gateway = LimitedGateway(service)
        until(gateway.is_decided_by_redis, within_seconds=30)
        before = gateway.fallbacks()

        freeze(server.process.pid)
        answers = [service.get("/nowhere") for _ in range(20)]

        assert [answer.status_code for answer in answers] == [404] * 20
        assert gateway.fallbacks() == before + 20
        assert answers[0].headers["ratelimit-limit"] == "500"
        server.process.send_signal(signal.SIGCONT)
        until(gateway.is_decided_by_redis, within_seconds=30)


def test_a_limiter_closes_its_connections(url: str) -> None:
    policy = Policy(name="closed", algorithm=TokenBucket, quota=BUSY)
    limits = Limits([policy], url, CollectorRegistry())
    ((_, limiter),) = limits
    client = redis.Redis.from_url(url)

    async def work() -> int:
        await limiter.take("client")
        connections = len(client.client_list())
        await limits.aclose()
        return connections

    connections = asyncio.run(work())

    until(lambda: len(client.client_list()) == connections - 1, within_seconds=30)
    client.close()
