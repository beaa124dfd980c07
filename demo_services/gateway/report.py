"""Route with spans of the service's own: synchronous, with `requests` and its context by hand.

The gateway leaves `requests` out of `instrument()`, so this call has one CLIENT span: the one here.
`demo_services/orders/report.py` is the other side.
"""

from collections.abc import Callable
from http import HTTPStatus

import requests
from fastapi import APIRouter
from opentelemetry.propagate import inject
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from demo_services.auth.caller import authorization_headers
from demo_services.peer import PeerError
from demo_services.registry.balancer import Balancer
from demo_services.shop import Id, Report
from demo_services.tls import Identity
from instrumentation.conventions import Attribute


def report_routes(
    orders: Balancer,
    identity: Identity | None,
    tracer: Tracer,
    timeout_seconds: Callable[[], float],
) -> APIRouter:
    """Return the route ``/api/report/{user_id}``.

    Args:
        orders: Base URLs of the instances of orders.
        identity: Certificates for orders.
        tracer: Tracer of the service.
        timeout_seconds: Returns the timeout of the call to orders.
    """
    routes = APIRouter()

    @routes.get("/api/report/{user_id}")
    def report(user_id: Id) -> Report:
        with tracer.start_as_current_span("fetch report"), orders.call() as url:
            try:
                return _fetch(
                    f"{url}/reports?user_id={user_id}", identity, tracer, timeout_seconds()
                )
            except PeerError as error:
                if error.status_code != HTTPStatus.BAD_GATEWAY:
                    orders.record_failure(url)
                raise

    return routes


def _fetch(url: str, identity: Identity | None, tracer: Tracer, timeout_seconds: float) -> Report:
    attributes = {Attribute.HTTP_REQUEST_METHOD: "GET", Attribute.URL_FULL: url}
    with tracer.start_as_current_span(
        "GET /reports", kind=SpanKind.CLIENT, attributes=attributes
    ) as span:
        headers = authorization_headers()
        inject(headers)  # within the span, whose context the headers carry
        answer = _get(url, headers, identity, timeout_seconds)
        span.set_attribute(Attribute.HTTP_RESPONSE_STATUS_CODE, answer.status_code)
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            span.set_status(StatusCode.ERROR)
    if answer.status_code != HTTPStatus.OK:
        raise PeerError(502, f"orders answered {answer.status_code}")
    return Report.model_validate(answer.json())


def _get(
    url: str, headers: dict[str, str], identity: Identity | None, timeout_seconds: float
) -> requests.Response:
    certificate = (identity.certificate, identity.key) if identity else None
    verify = identity.authority if identity else True
    try:
        return requests.get(
            url, headers=headers, timeout=timeout_seconds, cert=certificate, verify=verify
        )
    except requests.Timeout as error:
        raise PeerError(504, "orders did not answer in time") from error
    except requests.RequestException as error:
        raise PeerError(503, "orders is not available") from error
