"""Data of one panel: everything that is needed to display it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from zoneinfo import ZoneInfo

from sightline.grafana.dashboard import Panel
from sightline.grafana.frame import Frame
from sightline.grafana.interpolation import Scope
from sightline.viewer.model.series import Exemplar
from sightline.viewer.model.trace import Trace
from sightline.viewer.sources.alerts import Alert
from sightline.viewer.values.times import local_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A time or time span marked by an annotation, in seconds since the epoch."""

    start: float
    end: float
    title: str
    text: str
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelData:
    """A panel and its data. Displaying it needs no further request."""

    panel: Panel
    frames: Sequence[Frame]
    """Transformed, with field configuration."""
    scope: Scope
    zone: tzinfo = field(default_factory=lambda: ZoneInfo("UTC"))
    exemplars: Sequence[Exemplar] = ()
    events: Sequence[Event] = ()
    alerts: Sequence[Alert] = ()
    trace: Trace | None = None

    def local(self, milliseconds: float) -> str:
        """Format a time in the reader's zone, as Plotly reads it."""
        return local_time(milliseconds, self.zone)

    @property
    def range(self) -> tuple[str, str]:
        """Both ends of the time axis."""
        return self.local(self.scope.time.start * 1000), self.local(self.scope.time.end * 1000)
