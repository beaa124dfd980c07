"""Page of alerts: firing, pending, silenced, inhibited."""

from starlette.requests import Request
from starlette.responses import Response

from sightline.viewer.pages.common import render, sources_of, zone_of
from sightline.viewer.sources.alerts import STATES, Alert
from sightline.viewer.sources.upstream import SourceError


async def page(request: Request) -> Response:
    """Show every alert, most urgent first."""
    sources = sources_of(request)
    groups: dict[str, list[Alert]] = {state: [] for state in STATES}
    rules, error = 0, ""
    try:
        for alert in await sources.alerts():
            groups.setdefault(alert.state, []).append(alert)
        rules = sum(len(group.get("rules", ())) for group in await sources.prometheus.rules())
    except SourceError as failure:
        error = str(failure)
    return render(
        request,
        "alerts",
        here="alerts",
        title="Alerts",
        groups=groups,
        rules=rules,
        error=error,
        zone=zone_of(request),
    )
