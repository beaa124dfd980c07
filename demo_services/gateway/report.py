"""Route that injects the trace context by hand: synchronous, with `requests`."""

from typing import Final

import requests
from fastapi import APIRouter
from opentelemetry.trace import SpanKind, Tracer

from demo_services.peer import PeerError
from demo_services.shop import Id, Report
from demo_services.tls import Identity
from instrumentation import inject

TIMEOUT_SECONDS: Final = 2.5


def report_routes(orders_url: str, identity: Identity | None, tracer: Tracer) -> APIRouter:
    """Return the route ``/api/report/{user_id}``."""
    routes = APIRouter()

    @routes.get("/api/report/{user_id}")
    def report(user_id: Id) -> Report:
        with tracer.start_as_current_span("fetch report", kind=SpanKind.CLIENT):
            headers: dict[str, str] = {}
            inject(headers)  # inside the span, because without a current span nothing is injected
            return _fetch(f"{orders_url}/reports/{user_id}", headers, identity)

    return routes


def _fetch(url: str, headers: dict[str, str], identity: Identity | None) -> Report:
    client_certificate = (identity.certificate, identity.key) if identity else None
    verify = identity.authority if identity else True
    try:
        answer = requests.get(
            url, headers=headers, timeout=TIMEOUT_SECONDS, cert=client_certificate, verify=verify
        )
    except requests.Timeout as error:
        raise PeerError(504, "orders did not answer in time") from error
    except requests.RequestException as error:
        raise PeerError(503, "orders is not available") from error
    if answer.status_code != requests.codes.ok:
        raise PeerError(502, f"orders answered {answer.status_code}")
    return Report.model_validate(answer.json())
