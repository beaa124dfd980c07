"""Features of panels that the viewer lacks.

An obstacle would make the picture wrong, so the panel is not drawn. An omission leaves a part out.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sightline.grafana.dashboard import LIBRARY_PANEL, Dashboard, DataSource, Panel
from sightline.grafana.interpolation import Scope
from sightline.grafana.matchers import MATCHERS
from sightline.grafana.reducers import CALCULATIONS
from sightline.grafana.transformations import TRANSFORMATIONS
from sightline.grafana.values import items, obj, text, texts
from sightline.viewer.panels.kinds import PANELS
from sightline.viewer.sources.selection import is_answered

_NEUTRAL: Final = "hideSeriesFrom"
"""Override that the legend of Grafana writes into a file."""


def obstacle(dashboard: Dashboard, panel: Panel, scope: Scope) -> str:
    """Return the first feature without which *panel* would be wrong; empty if there is none."""
    found = (*_of_file(dashboard, panel), *_of_selection(dashboard, panel, scope))
    return next(iter(found), "")


def omissions(panel: Panel) -> list[str]:
    """Return a sentence for each query of *panel* that the viewer does not send."""
    return [
        f"Query {one.ref_id} is missing: only Grafana queries {_source_name(one.source)}."
        for one in panel.targets
        if not one.hidden and not is_answered(one)
    ]


def _of_file(dashboard: Dashboard, panel: Panel) -> tuple[str, ...]:
    if panel.type == LIBRARY_PANEL:
        return ("panels of Grafana's library",)
    if panel.type not in PANELS:
        return (f"panel type {panel.type or 'missing'}",)
    custom = obj(panel.defaults.get("custom"))
    stacking = {text(obj(one.get("stacking")).get("mode")) for one in _customs(panel, custom)}
    return (
        *(f"transformation {one}" for one in _unknown_steps(panel)),
        *(f"calculation {one}" for one in _unknown_calculations(panel)),
        *(f"matcher {one}" for one in _unknown_matchers(panel)),
        *(["stacks of percentages"] if "percent" in stacking else []),
        *(["heatmaps of series without buckets"] if _calculates(panel) else []),
        *(f"filter {one} of alerts" for one in _alert_filters(panel)),
        *(f"ad hoc filters of ${one}" for one in _filters(dashboard)),
        *_unanswered(panel),
    )


def _unanswered(panel: Panel) -> list[str]:
    """Name the sources of *panel* if the viewer queries none of them."""
    sent = [one for one in panel.targets if not one.hidden]
    if any(map(is_answered, sent)):
        return []
    return [f"queries of {_source_name(one.source)}" for one in sent]


def _of_selection(dashboard: Dashboard, panel: Panel, scope: Scope) -> Iterator[str]:
    for name in _repeats(dashboard, panel):
        value = scope.variables.get(name)
        if value and (value.verbatim or len(value.values) > 1):
            yield f"a panel for each value of ${name}; select one value"


def _repeats(dashboard: Dashboard, panel: Panel) -> set[str]:
    """Return the variables by which *panel* and its row are repeated."""
    row = ""
    for one in dashboard.panels:
        row = one.repeat if one.type == "row" else row
        if panel.id == one.id or panel.id in {inner.id for inner in one.panels}:
            break
    return {panel.repeat, row} - {""}


def _unknown_steps(panel: Panel) -> list[str]:
    used = (one.id for one in panel.transformations if not one.disabled)
    return [one for one in used if one not in TRANSFORMATIONS]


def _unknown_calculations(panel: Panel) -> list[str]:
    used = [calc for part in _REDUCED for calc in texts(panel.option(part, "calcs"))]
    return [one for one in used if one not in CALCULATIONS]


_REDUCED: Final = ("reduceOptions", "legend")
"""Options that list calculations."""


def _unknown_matchers(panel: Panel) -> list[str]:
    return [
        one.matcher
        for one in panel.overrides
        if one.matcher not in MATCHERS and one.properties and _NEUTRAL not in one.properties
    ]


def _customs(panel: Panel, custom: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    overridden = (one.properties.get("custom.stacking") for one in panel.overrides)
    return [custom, *({"stacking": one} for one in overridden)]


def _calculates(panel: Panel) -> bool:
    return panel.type == "heatmap" and bool(panel.option("calculate"))


_ALERT_FILTERS: Final = ("alertName", "alertInstanceLabelFilter", "folder", "dashboardAlerts")


def _alert_filters(panel: Panel) -> list[str]:
    used = _ALERT_FILTERS if panel.type == "alertlist" else ()
    return [one for one in used if panel.option(one)]


def _filters(dashboard: Dashboard) -> list[str]:
    listed = items(obj(dashboard.raw.get("templating")).get("list"))
    return [
        text(one.get("name")) for one in listed if one.get("type") == "adhoc" and one.get("filters")
    ]


def _source_name(source: DataSource) -> str:
    if source.type == "__expr__" or source.uid == "__expr__":
        return "expressions"
    return source.type or source.uid or "this data source"
