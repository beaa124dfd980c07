"""What a panel is drawn from, and what comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from sightline.grafana.dashboard import Panel
from sightline.grafana.frame import Frame
from sightline.grafana.interpolation import Scope
from sightline.viewer.prometheus import Exemplar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A moment, or a while, that annotations mark. Times in seconds since the epoch."""

    start: float
    end: float
    title: str
    text: str
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A panel with everything it shows; drawing it asks nobody."""

    panel: Panel
    frames: Sequence[Frame]
    """Transformed, and with their field configuration."""
    scope: Scope
    zone: tzinfo = field(default_factory=lambda: ZoneInfo("UTC"))
    exemplars: Sequence[Exemplar] = ()
    events: Sequence[Event] = ()
    alerts: Sequence[Mapping[str, Any]] = ()
    """For an alert list: alerts as `alerts.Alert` gives them."""
    trace: Any = None
    """For a trace: `trace.Trace`."""

    def local(self, milliseconds: float) -> str:
        """A time as the reader's clock shows it, in the form Plotly reads."""
        return local_time(milliseconds, self.zone)

    @property
    def range(self) -> tuple[str, str]:
        """Both ends of the time axis."""
        return self.local(self.scope.time.start * 1000), self.local(self.scope.time.end * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the page shows: a template filled in, and for charts a Plotly figure."""

    template: str
    """Name below ``templates/panels/``."""
    context: Mapping[str, Any] = field(default_factory=dict)
    figure: Mapping[str, Any] | None = None


TEXT: Final = "#CCCCDC"
FAINT: Final = "rgba(204, 204, 220, 0.65)"
LINES: Final = "rgba(204, 204, 220, 0.09)"
FONT: Final = "Inter, Roboto, 'Helvetica Neue', Arial, sans-serif"


def local_time(milliseconds: float, zone: tzinfo) -> str:
    """``2026-11-25 15:04:05.678`` on the reader's clock."""
    moment = datetime.fromtimestamp(milliseconds / 1000, zone)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}"


def message(text: str, *, detail: str = "", kind: str = "empty") -> View:
    """A sentence in place of a picture; *kind* is ``empty`` or ``error``."""
    return View(template="message", context={"text": text, "detail": detail, "kind": kind})


def nothing(panel: Panel) -> View:
    """What a panel without data says."""
    return message(panel.config.no_value or "No data")
