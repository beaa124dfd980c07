"""Incidents in an organization with two clusters and two teams."""

from itertools import chain
from typing import Final

from tests.foreign.model import Incident, page, ticket
from tests.foreign.monitoring import alertmanagers, prometheus, spans
from tests.foreign.programs import programs
from tests.foreign.series import Series
from tests.foreign.services import SLOW, Caller, Service

TEAMS: Final = {"shop": "shop", "pay": "payments"}
"""Teams by namespace."""

OBJECTIVES: Final = """\
slos:
  - {service: charge, name: availability, objective: 99.9, sli: {http: {errors: "5.."}}}
  - {service: ledger, name: availability, objective: 99.5, sli: {http: {errors: "5.."}}}
"""

CALLERS: Final = 3
"""Services that call a slow one. More of them only make the test slower."""

_CHARGE: Final = {"namespace": "pay", "job": "charge"}
_LEDGER: Final = {"namespace": "pay", "job": "ledger"}
_ORDERS: Final = {"namespace": "pay", "job": "orders"}
_MONITORING: Final = "monitoring"
_ALL: Final = {"/items": 1.0, "/items/{id}": 1.0}


def _services(*services: Service | Caller) -> tuple[Series, ...]:
    return tuple(chain.from_iterable(service.series() for service in services))


def slow_dependency(callers: int) -> Incident:
    """Return the incident of a service that becomes slow for *callers* others."""
    calling = [Caller(job=f"caller-{n}", callee="users", durations=SLOW) for n in range(callers)]
    return Incident(
        title="a dependency of 200 services becomes slow",
        series=_services(Service(job="users", durations=SLOW), *calling),
        alerts=(
            *(ticket("DependencyLatencyHigh", 630, job=each.job) for each in calling),
            ticket("HttpServerLatencyHigh", 630, job="users"),
        ),
    )


INCIDENTS: Final = (
    Incident(
        title="every instance of a service is down in one of two clusters",
        series=_services(Service(job="checkout", down=True), Service(job="checkout", cluster="us")),
        alerts=(
            page("ServiceDown", 90, job="checkout"),
            ticket("HttpServerTrafficDropped", 870, receiver="", job="checkout"),
        ),
    ),
    Incident(
        title="half of the requests to one route fail, in a service with an objective",
        series=_services(
            Service(
                job="charge",
                namespace="pay",
                routes=("/charge", "/refund", "/list"),
                failing={"/charge": 0.5},
            )
        ),
        alerts=(
            page("ErrorBudgetBurn", 420, "pages-payments", window="1h", **_CHARGE),
            page("ErrorBudgetBurn", 540, "pages-payments", window="6h", **_CHARGE),
            ticket("HttpServerErrorRatioHigh", 390, "tickets-payments", **_CHARGE),
        ),
    ),
    Incident(
        title="one of 25 replicas fails every request",
        series=_services(
            Service(job="search", instances=24),
            Service(job="search", instances=1, first=24, failing=_ALL),
        ),
        alerts=(ticket("HttpServerErrorsConcentrated", 630, job="search"),),
    ),
    Incident(
        title="a canary version fails on one of 21 replicas",
        series=_services(
            Service(job="cart", instances=20, routes=("/items",)),
            Service(
                job="cart",
                instances=1,
                first=20,
                version="2.0.0",
                routes=("/items",),
                failing={"/items": 1.0},
            ),
        ),
        alerts=(ticket("HttpServerErrorsConcentrated", 630, job="cart"),),
    ),
    Incident(
        title="one of four replicas hangs",
        series=_services(
            Service(job="orders", instances=3, namespace="pay"),
            Service(job="orders", instances=1, first=3, namespace="pay", hanging=True),
        ),
        alerts=(
            page(
                "HttpServerRequestsStuck",
                390,
                "pages-payments",
                **_ORDERS,
            ),
        ),
    ),
    Incident(
        title="the traffic of a service vanishes",
        series=_services(Service(job="landing", idle=True)),
        alerts=(ticket("HttpServerTrafficDropped", 870, job="landing"),),
    ),
    Incident(
        title="a process is killed every eight minutes",
        series=_services(Service(job="report", instances=1, restarts_every=8)),
        alerts=(ticket("ServiceRestarting", 1440, job="report"),),
    ),
    Incident(
        title="a collector before Jaeger loses half of the spans",
        series=(),
        alerts=(ticket("SpansLostInTransit", 990, namespace=""),),
    ),
    Incident(
        title="one of three Alertmanagers loses the others",
        series=tuple(alertmanagers()),
        alerts=(
            ticket(
                "AlertmanagerMembersInconsistent", 1200, namespace=_MONITORING, job="alertmanager"
            ),
        ),
    ),
    Incident(
        title="the Prometheus of one cluster is down",
        series=tuple(prometheus()),
        alerts=(
            page(
                "PrometheusNotIngestingSamples",
                870,
                cluster="us",
                namespace=_MONITORING,
                job="prometheus",
            ),
        ),
    ),
)
"""Incidents without `slow_dependency`."""


SLOW_BURN: Final = Incident(
    title="4 % of the requests fail, where the objective allows 0.5 %",
    series=_services(
        Service(
            job="ledger",
            namespace="pay",
            failing={"/items": 0.04, "/items/{id}": 0.04},
        )
    ),
    alerts=(page("ErrorBudgetBurn", 16_560, "pages-payments", window="6h", **_LEDGER),),
)
"""Incident of hours, after six healthy ones."""


def incidents(callers: int = CALLERS) -> tuple[Incident, ...]:
    """Return every incident."""
    return (*INCIDENTS, slow_dependency(callers))


def world(callers: int = CALLERS) -> list[Series]:
    """Return every series of both clusters: incidents, collectors and foreign programs."""
    series = [each for incident in incidents(callers) for each in incident.series]
    series += Service(job="ledger", namespace="pay").series()
    return [*series, *spans(series), *programs()]
