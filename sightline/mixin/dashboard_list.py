"""List of the dashboards: uid, title, question and order.

Dashboards, links between them, the reference page and the tests read this list. An alert refers to
an entry by its uid.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Entry of the list."""

    uid: str
    title: str
    question: str
    """Question that the dashboard answers. Grafana shows it as the description."""

    @property
    def path(self) -> str:
        """Return the path of the dashboard's URL."""
        return f"/d/{self.uid}"

    @property
    def file(self) -> str:
        """Return the path of the dashboard's file from the root of the repository."""
        return f"grafana/dashboards/{self.uid}.json"

    @property
    def module(self) -> str:
        """Return the name of the module of `sightline.mixin.dashboards` that defines it."""
        return self.uid.replace("-", "_")


FLEET: Final = Entry(
    uid="fleet",
    title="Fleet",
    question="Are all services healthy? If not, which service is failing?",
)
ON_CALL: Final = Entry(
    uid="on-call",
    title="On call",
    question="Which alerts fire, and what changed before: deploys, restarts, traffic, faults?",
)
SERVICE: Final = Entry(
    uid="service",
    title="Service",
    question="Why is this service slow or failing: its routes, its process or its dependencies?",
)
ROUTES: Final = Entry(
    uid="routes",
    title="Routes",
    question="Which routes of all services are slow, fail, or became slower?",
)
ROUTE: Final = Entry(
    uid="route",
    title="Route",
    question="How does one route behave, and what happened in its slow or failed requests?",
)
LATENCY_EXPLORER: Final = Entry(
    uid="latency-explorer",
    title="Latency explorer",
    question="Where do slow requests spend their time? From the distribution to a single trace.",
)
TRACE_ROW: Final = "Trace"
TRACE_PANEL: Final = "Trace $trace_id"
"""Row and panel of the Latency explorer that show one trace."""

DEPENDENCIES: Final = Entry(
    uid="dependencies",
    title="Dependencies",
    question="Which call between services is slow or fails? Is the caller, the network or the "
    "callee at fault?",
)
SLO: Final = Entry(
    uid="slo",
    title="SLO",
    question="Do services meet their objectives, and how long does the error budget last at the "
    "current burn rate?",
)
SLO_REPORT: Final = Entry(
    uid="slo-report",
    title="SLO report",
    question="Which objectives were met in the last month, and what spent the error budgets?",
)
PYTHON_RUNTIME: Final = Entry(
    uid="python-runtime",
    title="Python runtime",
    question="Does the Python process keep up: event loop, threads, garbage collection, memory, "
    "files?",
)
TELEMETRY: Final = Entry(
    uid="telemetry",
    title="Telemetry",
    question="Do spans and metrics arrive completely, or do the dashboards show incomplete data?",
)
STACK: Final = Entry(
    uid="stack",
    title="Stack",
    question="Are Prometheus, Alertmanager and Jaeger themselves healthy?",
)

ENTRIES: Final = (
    *(FLEET, ON_CALL, SERVICE, ROUTES, ROUTE, LATENCY_EXPLORER),
    *(DEPENDENCIES, SLO, SLO_REPORT, PYTHON_RUNTIME, TELEMETRY, STACK),
)
"""Every dashboard. First those that a reader follows from the fleet to a trace, then the others."""
