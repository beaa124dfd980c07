"""Send a request to the demo and show its services: `python -m tests.bare.trace`."""

import os

from tests.stacks import LocalStack
from tests.system.shop import calls_v1, order
from tests.waiting import until

SERVICES = ["gateway", "orders", "users"]


if __name__ == "__main__":
    stack = LocalStack(os.environ)
    trace_id = order(stack)

    def services() -> list[str]:
        return sorted(call.service for call in calls_v1(stack, trace_id))

    until(lambda: services() == SERVICES, within_seconds=30)
    print(*services())  # noqa: T201  what the caller reads
