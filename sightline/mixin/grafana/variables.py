"""Variables of a dashboard, shown as inputs at its top."""

from collections.abc import Sequence
from dataclasses import dataclass

from sightline.grafana.dashboard import (
    HIDE_VARIABLE,
    REFRESH_ON_LOAD,
    REFRESH_ON_TIME_RANGE,
)
from sightline.grafana.interpolation import ALL
from sightline.mixin.grafana.schema import Json
from sightline.mixin.grafana.targets import PROMETHEUS

SHOWN = 0
"""Source: ``VariableHide`` of @grafana/schema."""

ASCENDING = 1
"""Source: ``VariableSort`` of @grafana/schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """Data source of one type: the provisioned one.

    Its input is hidden, because the stack has one of each type. An export shows it.
    """

    type: str
    uid: str

    @property
    def name(self) -> str:
        """Name of the variable, as dashboard-linter's template-datasource-rule requires it."""
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
            "hide": HIDE_VARIABLE,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelValues:
    """Choice among the values of a label, which a ``label_values()`` query returns."""

    name: str
    label: str
    query: str
    all: bool = True
    """Offer All and make it the default."""
    default: str = ""
    """Default value if All is not offered."""
    multi: bool = True
    """Allow several values."""
    regex: str = ""
    """Filter on the offered values."""
    all_value: str = ".+"
    """Pattern that All stands for."""

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
            "allValue": self.all_value,
            "hide": SHOWN,
        }

    def _current(self) -> Json:
        if self.all:
            return {"text": ["All"], "value": [ALL]}
        if not self.default:
            return {}
        chosen = [self.default] if self.multi else self.default
        return {"text": chosen, "value": chosen}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """Hidden variable with the result of a PromQL query, for titles."""

    name: str
    expr: str
    """PromQL for one whole number without labels."""

    def json(self) -> Json:
        """Return Grafana's ``VariableModel``. The query answers ``{} 5 1764547200000``."""
        query = f"query_result({self.expr})"
        return {
            "name": self.name,
            "label": self.name,
            "type": "query",
            "datasource": PROMETHEUS,
            "definition": query,
            "query": {"query": query, "refId": "A"},
            "current": {},
            "options": [],
            "regex": "/ ([0-9]+)[ .]/",
            "refresh": REFRESH_ON_TIME_RANGE,
            "multi": False,
            "includeAll": False,
            "hide": HIDE_VARIABLE,
            "skipUrlSync": True,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Choice among fixed values. The first is the default."""

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
    """Text input, empty by default."""

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


Variable = DataSource | LabelValues | Number | Choice | TextBox
