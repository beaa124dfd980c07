"""Variables of a dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass

from sightline.grafana.dashboard import REFRESH_ON_LOAD, REFRESH_ON_TIME_RANGE
from sightline.grafana.interpolation import ALL
from sightline.mixin.grafana.targets import PROMETHEUS
from sightline.mixin.grafana.vocabulary import Json

SHOWN = 0
"""Source: ``VariableHide`` of @grafana/schema."""

ASCENDING = 1
"""Source: ``VariableSort`` of @grafana/schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """Data source of one type; the provisioned one by default."""

    type: str
    uid: str

    @property
    def name(self) -> str:
        """Name required by dashboard-linter's template-datasource-rule."""
        return f"{self.type}_datasource"

    def json(self) -> Json:
        """Return Grafana's ``VariableModel``."""
        return {
            "name": self.name,
            "label": f"{self.type.capitalize()} data source",
            "type": "datasource",
            "query": self.type,
            "current": {"text": self.type.capitalize(), "value": self.uid},
            "options": [],
            "regex": "",
            "refresh": REFRESH_ON_LOAD,
            "includeAll": False,
            "multi": False,
            "hide": SHOWN,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelValues:
    """Values of a label, from a ``label_values()`` query."""

    name: str
    label: str
    query: str
    all: bool = True
    """Offer All, and select it by default."""
    default: str = ""
    """Default selection, unless it is All."""
    multi: bool = True
    """Allow several values."""
    regex: str = ""
    """Pattern of the offered values."""

    def json(self) -> Json:
        """Return Grafana's ``VariableModel``."""
        return {
            "name": self.name,
            "label": self.label,
            "type": "query",
            "datasource": PROMETHEUS,
            "definition": self.query,
            "query": {"query": self.query, "refId": "A"},
            "current": self._current(),
            "options": [],
            "regex": self.regex,
            "sort": ASCENDING,
            "refresh": REFRESH_ON_TIME_RANGE,
            "multi": self.multi,
            "includeAll": self.all,
            "allValue": ".+",
            "hide": SHOWN,
        }

    def _current(self) -> Json:
        if self.all:
            return {"text": ["All"], "value": [ALL]}
        return {"text": [self.default], "value": [self.default]} if self.default else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of a few fixed values; the first is the default."""

    name: str
    label: str
    values: Sequence[str]

    def json(self) -> Json:
        """Return Grafana's ``VariableModel``."""
        first = self.values[0]
        return {
            "name": self.name,
            "label": self.label,
            "type": "custom",
            "query": ",".join(self.values),
            "current": {"text": first, "value": first},
            "options": [
                {"text": value, "value": value, "selected": value == first} for value in self.values
            ],
            "includeAll": False,
            "multi": False,
            "hide": SHOWN,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBox:
    """Free text, empty by default."""

    name: str
    label: str

    def json(self) -> Json:
        """Return Grafana's ``VariableModel``."""
        return {
            "name": self.name,
            "label": self.label,
            "type": "textbox",
            "query": "",
            "current": {"text": "", "value": ""},
            "options": [],
            "hide": SHOWN,
        }


Variable = DataSource | LabelValues | Choice | TextBox
