"""Route whose SERVER span is made by hand, in the context that the request carries.

Its path is left out of `instrument()`, which would make a second span of the same request. It is
not counted by ``http_server_request_duration_seconds`` either: the price of the work by hand.
"""

from typing import Final

from fastapi import APIRouter, Request
from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind, Tracer

from demo_services.orders.store import OrderStore
from demo_services.shop import Id, Report
from instrumentation.conventions import Attribute

PATH: Final = "/reports"


def report_routes(store: OrderStore, tracer: Tracer) -> APIRouter:
    """Return the route ``/reports``."""
    routes = APIRouter()

    @routes.get(PATH)
    async def report(user_id: Id, request: Request) -> Report:
        with tracer.start_as_current_span(
            f"GET {PATH}",
            context=extract(request.headers),
            kind=SpanKind.SERVER,
            attributes={
                Attribute.HTTP_REQUEST_METHOD: "GET",
                Attribute.HTTP_ROUTE: PATH,
                Attribute.URL_PATH: PATH,
            },
        ) as span:
            with tracer.start_as_current_span("build report"):
                found = await store.report(user_id)
            span.set_attribute(Attribute.HTTP_RESPONSE_STATUS_CODE, 200)
            return found

    return routes
