"""The tutorial's way: a synchronous route, `requests`, and the trace context injected by hand."""

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
    """``/api/report``."""
    routes = APIRouter()

    @routes.get("/api/report/{user_id}")
    def report(user_id: Id) -> Report:
        with tracer.start_as_current_span("fetch report", kind=SpanKind.CLIENT):
            headers: dict[str, str] = {}
            inject(headers)  # inside the span: outside any there is nothing to inject
            return _fetch(f"{orders_url}/reports/{user_id}", headers, identity)

    return routes


def _fetch(url: str, headers: dict[str, str], identity: Identity | None) -> Report:
    shown = (identity.certificate, identity.key) if identity else None
    trusted = identity.authority if identity else True
    try:
        answer = requests.get(
            url, headers=headers, timeout=TIMEOUT_SECONDS, cert=shown, verify=trusted
        )
    except requests.Timeout as slow:
        raise PeerError(504, "orders did not answer in time") from slow
    except requests.RequestException as gone:
        raise PeerError(503, "orders is not available") from gone
    if answer.status_code != requests.codes.ok:
        raise PeerError(502, f"orders answered {answer.status_code}")
    return Report.model_validate(answer.json())
