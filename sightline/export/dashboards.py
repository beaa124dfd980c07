"""Dashboards with the labels, data sources and uids of an organization."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from sightline.mixin import dashboards
from sightline.mixin.adoption import Adoption
from sightline.mixin.config import PRODUCTION
from sightline.mixin.grafana.variables import SHOWN
from sightline.mixin.places import REPLACEABLE

Json = dict[str, Any]

_UID_IN_PATH: Final = re.compile(r"(?<=^/d/)([a-z-]+)")
_QUERIES: Final = frozenset({"expr", "query", "definition"})
_FIELDS: Final = frozenset({"renameByName", "indexByName", "excludeByName"})
"""Options of a table that name its columns by labels."""


def files(adoption: Adoption) -> dict[str, str]:
    """Return each dashboard as JSON by its uid."""
    found = (_dashboard(each.json(), adoption) for each in dashboards.ALL)
    return {
        dashboard["uid"]: json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"
        for dashboard in found
    }


def _dashboard(dashboard: Json, adoption: Adoption) -> Json:
    adopted: Json = _adopted(dashboard, adoption)
    adopted["uid"] = adoption.uid_prefix + dashboard["uid"]
    variables = dashboard["templating"]["list"]
    adopted["templating"]["list"] = [
        variable for each in variables for variable in _variables(each, adoption)
    ]
    if adoption.profile.scrape_interval != PRODUCTION.scrape_interval:
        _set_interval(adopted["panels"], adoption.profile.scrape_interval)
    return adopted


def _adopted(value: Any, adoption: Adoption, key: str = "") -> Any:
    match value:
        case dict():
            found = {name: _adopted(item, adoption, name) for name, item in value.items()}
            return _columns(found, adoption) if key in _FIELDS else found
        case list() if key == "overrides":
            return [each for item in value for each in _overrides(item, adoption)]
        case list():
            return [_adopted(item, adoption, key) for item in value]
        case str():
            return _text(value, adoption, key)
    return value


def _text(text: str, adoption: Adoption, key: str) -> str:
    if key == "url":
        return _UID_IN_PATH.sub(rf"{adoption.uid_prefix}\1", adoption.places.url(text))
    return adoption.promql(text) if key in _QUERIES else text


def _columns(options: Json, adoption: Adoption) -> Json:
    """Return *options* for the columns of the labels; a number is the position of a column."""
    named = {
        name: _title(name) if name != label and value == _title(label) else value
        for label, value in options.items()
        for name in adoption.places.labels(label)
    }
    if all(type(value) is int for value in named.values()):
        return {name: position for position, name in enumerate(named)}
    return named


def _overrides(override: Json, adoption: Adoption) -> Iterator[Json]:
    """Yield *override* for each column of a label, whose title it names."""
    adopted = _adopted(override, adoption)
    for label in REPLACEABLE:
        if override["matcher"] == {"id": "byName", "options": _title(label)}:
            for name in adoption.places.labels(label):
                yield {**adopted, "matcher": {"id": "byName", "options": _title(name)}}
            return
    yield adopted


def _variables(variable: Json, adoption: Adoption) -> Iterator[Json]:
    """Yield *variable* for each label in its place, with the data source of the organization.

    Its Grafana may have several data sources of a type, so their inputs are shown.
    """
    if variable["type"] == "datasource":
        sources = {"prometheus": adoption.prometheus_uid, "jaeger": adoption.jaeger_uid}
        uid = sources[variable["query"]]
        yield {**variable, "current": {"text": uid, "value": uid}, "hide": SHOWN}
        return
    label = variable["name"]
    for name in adoption.places.labels(label):
        yield _variable(variable, label, name, adoption)


def _variable(variable: Json, label: str, name: str, adoption: Adoption) -> Json:
    adopted: Json = _adopted(copy.deepcopy(variable), adoption)
    if label not in REPLACEABLE:
        return adopted
    query = re.sub(rf"\b{label}\)$", f"{name})", adopted["definition"])
    return {
        **adopted,
        "name": name,
        "label": variable["label"] if name == label else _title(name),
        "definition": query,
        "query": {**variable["query"], "query": query},
    }


def _title(label: str) -> str:
    return label.replace("_", " ").capitalize()


def _set_interval(panels: list[Json], interval: str) -> None:
    """Set the shortest step of queries, below which a panel has gaps."""
    for panel in panels:
        _set_interval(panel.get("panels", []), interval)
        if any("expr" in target for target in panel.get("targets", ())):
            panel["interval"] = interval
