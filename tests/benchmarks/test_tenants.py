"""Short form of `python -m tests.benchmarks.tenants`."""

import pytest

from tests.benchmarks.tenants.__main__ import outcome
from tests.benchmarks.tenants.servers import SERVERS

REQUESTS = 2_000


@pytest.mark.parametrize("server", SERVERS)
def test_no_telemetry_of_a_tenant_reaches_another(server: str) -> None:
    found = outcome(server, REQUESTS)

    assert found.problems == []
