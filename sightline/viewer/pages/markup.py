"""Templates. All values are escaped."""

import json
from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sightline.viewer.panels.view import View
from sightline.viewer.values import colors
from sightline.viewer.values.times import local_seconds

_HERE: Final = Path(__file__).parent

STATIC: Final = _HERE / "static"

_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, **context: Any) -> str:
    """Render the template of a page; values are escaped."""
    return _ENVIRONMENT.get_template(f"{template}.html").render(context)


def panel(view: View) -> str:
    """Render the content of a panel."""
    return _ENVIRONMENT.get_template(f"panels/{view.template}.html").render(view.context)


def figure(value: Mapping[str, Any]) -> Markup:
    """Encode a Plotly figure for an HTML attribute."""
    return Markup.escape(json.dumps(value, allow_nan=False))


def _clock(seconds: float, zone: tzinfo) -> str:
    return local_seconds(seconds * 1000, zone)


_ENVIRONMENT.filters |= {"with_opacity": colors.with_opacity, "figure": figure, "clock": _clock}
