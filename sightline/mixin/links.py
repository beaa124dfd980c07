"""Addresses of dashboards and runbooks in notifications."""

from dataclasses import dataclass
from typing import Final

from sightline.mixin.identity import expand


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Addresses that alert annotations link to."""

    dashboards: str
    """URL of Grafana."""
    runbooks: str
    """URL of a runbook; ``{alert}`` in it becomes the name of the alert."""
    prometheus: str = ""
    """URL of Prometheus' pages. Without it, alerts have no link to them."""

    def dashboard(self, uid: str, variables: tuple[str, ...]) -> str:
        """Return the URL of dashboard *uid*, with alert labels as its *variables*."""
        values = "&".join(f"var-{name}={{{{ $labels.{name} }}}}" for name in expand(variables))
        return "?".join(filter(None, (f"{self.dashboards}/d/{uid}", values)))

    def runbook(self, alert: str) -> str:
        """Return the URL of the runbook of *alert*."""
        return self.runbooks.replace("{alert}", alert)

    def alert(self, name: str) -> str:
        """Return the URL of the alert *name* in Prometheus."""
        return f"{self.prometheus}/alerts?search={name}"


def _external(label: str, default: str) -> str:
    """Return the template of the address in the external *label* of Prometheus, or *default*."""
    return f'{{{{ or $externalLabels.{label} "{default}" }}}}'


LOCAL: Final = Links(
    dashboards=_external("grafana_url", "http://localhost:3000"),
    runbooks=_external("runbooks_url", "http://localhost:8003/runbooks") + "/{alert}",
)
"""Addresses of a running stack, where `control` serves `docs/runbooks/`. Its ports are known when
Prometheus starts, so `prometheus/prometheus.yml` has them as external labels."""
