"""Choices of an organization that adopts the rules and dashboards."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sightline.mixin.config import PRODUCTION, Profile
from sightline.mixin.histograms import Kind, native
from sightline.mixin.links import LOCAL, Links
from sightline.mixin.model import Alert, Override
from sightline.mixin.places import Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """Labels, addresses and thresholds. The default is that of the repository's own files."""

    places: Places = field(default_factory=Places)
    profile: Profile = PRODUCTION
    links: Links = LOCAL
    histograms: Kind = "classic"
    """Form in which Prometheus stores the histograms of the instrumentation."""
    uid_prefix: str = ""
    """Prefix of dashboard uids."""
    prometheus_uid: str = "prometheus"
    """Uid of the data source that dashboards select first."""
    jaeger_uid: str = "jaeger"
    alert_labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of every alert whose series have none of that name."""
    disabled: frozenset[str] = frozenset()
    """Names of rule files and alerts that are left out."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Values of thresholds by alert."""
    overrides: Mapping[str, tuple[Override, ...]] = field(default_factory=dict)
    """Thresholds of some services and routes, by alert."""

    def promql(self, text: str) -> str:
        """Return the query *text*, or a template with queries, for the organization's series."""
        return self.histogram_queries(self.places.promql(text))

    def histogram_queries(self, text: str) -> str:
        """Return *text* with its queries of histograms for those that the organization stores."""
        return native(text) if self.histograms == "native" else text

    def alert(self, alert: Alert) -> Alert:
        """Return *alert* with the thresholds, labels and addresses of the organization.

        Raises:
            ValueError: An override names a label that the alert does not have.
        """
        texts = {"summary": alert.summary, "description": alert.description, **alert.texts}
        links = {"dashboard_url": self._dashboard_url(alert)}
        if self.links.prometheus:
            links["prometheus_url"] = self.links.alert(alert.name)
        return replace(
            alert,
            signal=self._condition(alert),
            threshold=None,
            gate="",
            labels={**self._alert_labels(), **alert.labels},
            texts={**links, **{name: self.promql(text) for name, text in texts.items()}},
        )

    def _condition(self, alert: Alert) -> str:
        if alert.threshold and alert.name in self.thresholds:
            threshold = replace(alert.threshold, value=self.thresholds[alert.name])
            alert = replace(alert, threshold=threshold)
        return self.promql(alert.expr_with(self.overrides.get(alert.name, ())))

    def _alert_labels(self) -> dict[str, str]:
        return {
            name: f'{{{{ or $labels.{name} "{value}" }}}}'
            for name, value in self.alert_labels.items()
        }

    def _dashboard_url(self, alert: Alert) -> str:
        uid = self.uid_prefix + alert.dashboard
        return self.places.url(self.links.dashboard(uid, alert.variables))
