"""Work after an order is placed, in a worker pool: read it again and pack it."""

import asyncio
import logging
from typing import Final

from opentelemetry.trace import Tracer

from demo_services.latency import Latency
from demo_services.orders.store import OrderStore
from demo_services.resilience.worker_pool import WorkerPool
from demo_services.shop import Order
from instrumentation import Telemetry

_LOG: Final = logging.getLogger(__name__)
_PACKING: Final = Latency(name="packing", median_seconds=0.02, sigma=0.5)

Fulfilment = WorkerPool[int]
"""Pool whose items are ids of orders."""


def fulfilment(
    store: OrderStore, telemetry: Telemetry, *, workers: int, capacity: int
) -> Fulfilment:
    """Return the pool. An id is processed once; a process that is killed loses those that wait."""

    async def fulfil(order_id: int) -> None:
        order = await store.find(order_id)
        if order:
            await _pack(order, telemetry.tracer)
            _LOG.info("order fulfilled", extra={"order_id": order_id})

    return WorkerPool("fulfilment", fulfil, telemetry=telemetry, workers=workers, capacity=capacity)


async def _pack(order: Order, tracer: Tracer) -> None:
    with tracer.start_as_current_span("pack order") as span:
        span.set_attribute("shop.order.quantity", order.quantity)
        await asyncio.sleep(_PACKING.draw_seconds())
