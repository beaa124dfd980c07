"""View of a panel: a template with its context, and the figure of a chart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sightline.grafana.dashboard import Panel

FAINT: Final = "rgba(204, 204, 220, 0.65)"
LINES: Final = "rgba(204, 204, 220, 0.09)"
FONT: Final = "Inter, Roboto, 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Content of a panel."""

    template: str
    """Name below ``templates/panels/``."""
    context: Mapping[str, Any] = field(default_factory=dict)
    figure: Mapping[str, Any] | None = None
    """Plotly figure; None for panels without a chart."""


NO_DATA: Final = "No data"
"""Text of an empty panel without one of its own, and of every empty heatmap, as in Grafana."""


def message(text: str, *, detail: str = "", kind: str = "empty") -> View:
    """Return a view with only a text; *kind* is ``empty``, ``good`` or ``error``."""
    return View(template="message", context={"text": text, "detail": detail, "kind": kind})


def no_data(panel: Panel) -> View:
    """Return the view of a panel without data."""
    return message(panel.config.no_value or NO_DATA)
