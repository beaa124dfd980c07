"""Lint of what Grafana draws other than the file suggests."""

import pytest

from tests.linting import CHOSEN, REQUESTS, Json, Lint, asking, dashboard

SMALL = {"x": 0, "y": 0, "w": 4, "h": 4}
FIVE_COLUMNS = {
    "id": "organize",
    "options": {"indexByName": dict.fromkeys(("job", "a", "b", "c", "d"), 0)},
}
DROP = {"id": "partitionByValues", "options": {"fields": ["Time"]}}
CRITICAL = [{"type": "value", "options": {"2": {"text": "critical", "color": "red"}}}]


def alerts_marked_by(label: str) -> Json:
    expr = f'max by ({label}) (ALERTS{{alertstate="firing"}})'
    return {"name": "Alerts", "expr": expr, "datasource": {"type": "prometheus"}}


def marked(condition: str) -> Json:
    """Return a dashboard with an annotation of app_build_info under *condition*."""
    deploys = {"name": "Deploys", "expr": f"app_build_info {condition}"}
    return dashboard() | {"annotations": {"list": [deploys]}}


def states(panel: Json | None = None, **defaults: object) -> Json:
    """Return a dashboard with a state timeline that has *defaults*."""
    colors = {
        "color": {"mode": "thresholds"},
        "thresholds": {"steps": [{"value": None, "color": "green"}]},
    }
    config = {"defaults": {"unit": "reqps"} | colors | defaults, "overrides": []}
    return dashboard(fieldConfig=config, **({"type": "state-timeline"} | (panel or {})))


def traces(target: Json, **changes: object) -> Json:
    """Return a dashboard with a query of Jaeger and a text box for a trace id."""
    source = {"type": "jaeger", "uid": "${jaeger_datasource}"}
    panel = {
        "type": "traces",
        "datasource": source,
        "targets": [{"refId": "A", "datasource": source, **target}],
    }
    found = dashboard(**panel | changes)
    found["templating"]["list"][0] |= {
        "name": "prometheus_datasource",
        "label": "Prometheus data source",
    }
    for variable in found["templating"]["list"][1:]:
        variable["datasource"] = {"type": "prometheus", "uid": "${prometheus_datasource}"}
    found["templating"]["list"] += [
        {
            "name": "jaeger_datasource",
            "type": "datasource",
            "query": "jaeger",
            "label": "Jaeger data source",
        },
        {"name": "trace", "type": "textbox", "query": "", "current": {"value": ""}},
    ]
    return found


def searched(**changes: object) -> Json:
    """Return a dashboard with a table of traces that has a text for no traces."""
    config = {"defaults": {"unit": "none", "noValue": "none"}, "overrides": []}
    target = {"queryType": "search", "service": "shop"}
    return traces(target, **{"type": "table", "fieldConfig": config} | changes)


def joined(no_value: str, **changes: object) -> Json:
    """Return a dashboard with a table of two queries that has *no_value*."""
    config = {"defaults": {"unit": "reqps", "noValue": no_value}, "overrides": []}
    targets = [{"refId": ref, "expr": REQUESTS, "format": "table"} for ref in "AB"]
    return dashboard(type="table", targets=targets, fieldConfig=config, **changes)


def named(legend: str, columns: int, **custom: object) -> Json:
    """Return a dashboard with a state timeline whose series have the name *legend*."""
    target = {"refId": "A", "expr": REQUESTS, "legendFormat": legend}
    return states({"gridPos": SMALL | {"w": columns}, "targets": [target]}, custom=custom)


def headed(heading: str, options: Json | None = None, **custom: object) -> Json:
    """Return a dashboard with a table that has one column."""
    return dashboard(
        type="table",
        options=options or {},
        transformations=[{"id": "organize", "options": {"indexByName": {heading: 0}}}],
        fieldConfig={"defaults": {"unit": "none", "custom": custom}, "overrides": []},
    )


def chosen(*values: str) -> Json:
    """Return a dashboard with a single choice whose default is a list."""
    found = dashboard()
    found["templating"]["list"].append(
        {
            "name": "route",
            "type": "custom",
            "multi": False,
            "current": {"text": list(values), "value": list(values)},
        }
    )
    return found


WIDE = {
    "defaults": {"unit": "none", "custom": {"minWidth": 60}},
    "overrides": [
        {
            "matcher": {"id": "byName", "options": "job"},
            "properties": [{"id": "custom.minWidth", "value": 400}],
        }
    ],
}

FAULTS: dict[str, list[Json]] = {
    "sightline-title-width": [
        dashboard(type="stat", gridPos=SMALL, title="Lowest error budget"),
        dashboard(gridPos=SMALL, title="$job"),
    ],
    "sightline-legend-width": [
        dashboard(
            gridPos=SMALL | {"w": 8},
            options={"legend": {"displayMode": "table", "calcs": ["last", "max", "mean"]}},
        ),
    ],
    "sightline-table-width": [
        dashboard(type="table", gridPos=SMALL, title="p99", transformations=[FIVE_COLUMNS]),
        dashboard(
            type="table",
            gridPos=SMALL | {"w": 24},
            transformations=[FIVE_COLUMNS],
            fieldConfig=WIDE,
        ),
    ],
    "sightline-heading-width": [
        headed("Requests", width=70),
        headed("Budget left", width=70),
        headed("Requests", {"sortBy": [{"displayName": "Requests"}]}, width=80),
    ],
    "sightline-annotation-series": [
        dashboard() | {"annotations": {"list": [alerts_marked_by("alertname")]}},
    ],
    "sightline-state-names": [
        named("{{job}} {{alertname}}", 12),
        named("{{alertname}}", 24, axisWidth=100),
    ],
    "sightline-empty-heatmap": [states({"type": "heatmap"}, noValue="no traffic")],
    "sightline-empty-table": [searched(), joined("no calls")],
    "sightline-annotation-gap": [marked("unless app_build_info offset 1m")],
    "sightline-single-value": [chosen("/orders")],
    "sightline-state-colors": [states(mappings=CRITICAL)],
    "sightline-empty-states": [states(noValue="no alert")],
    "sightline-palette": [
        states({"type": "timeseries"}, color={"mode": "palette-classic-by-name"})
    ],
    "sightline-required-variable": [traces({"query": "$trace"})],
    "sightline-one-service": [traces({"queryType": "search", "service": "$job"})],
}

CASES = [(rule, fault) for rule, faults in FAULTS.items() for fault in faults]


@pytest.mark.parametrize(("rule", "fault"), CASES, ids=lambda value: str(value)[:40])
def test_a_panel_that_grafana_draws_otherwise_is_found_by_its_rule(
    found: Lint, rule: str, fault: Json
) -> None:
    assert found(fault) == {rule}


def test_a_stat_of_three_columns_has_no_room_for_a_title(found: Lint) -> None:
    document = dashboard(type="stat", gridPos=SMALL | {"w": 3}, title="p99")

    assert found(document) == {"sightline-stat-size", "sightline-title-width"}


@pytest.mark.parametrize(
    "document",
    [
        asking(f"{REQUESTS} and topk(5, max_over_time(up{{{CHOSEN}}}[$__range] @ end()))"),
        states(
            mappings=CRITICAL,
            thresholds={"steps": [{"value": None, "color": "green"}, {"value": 2, "color": "red"}]},
        ),
        dashboard() | {"annotations": {"list": [alerts_marked_by("severity")]}},
        traces({"query": "0af7651916cd43dd8448eb211c80319c"}),
        marked("unless app_build_info offset 1m and on (job) app_build_info offset 1m"),
        marked("unless last_over_time(app_build_info[1d] offset 1m)"),
        named("{{job}} {{alertname}}", 24),
        named("{{job}} {{alertname}}", 12, axisWidth=280),
        named("{{job}} {{alertname}}", 12, axisPlacement="hidden"),
        headed("Budget left", width=70, wrapHeaderText=True),
        headed("Requests", width=80),
        joined("-"),
        joined("no calls", transformations=[DROP]),
        searched(transformations=[DROP]),
        chosen("$__all"),
    ],
    ids=[
        "topk at a fixed time",
        "one color of states",
        "alerts by severity",
        "a fixed trace",
        "a new version of what ran before",
        "a version that is new for a day",
        "short names of states",
        "room for names of states",
        "hidden names of states",
        "a heading of two lines",
        "a heading in its column",
        "a text for empty cells",
        "a joined table that is dropped",
        "a search that is dropped",
        "all",
    ],
)
def test_a_drawing_as_intended_has_no_finding(found: Lint, document: Json) -> None:
    assert found(document) == set()


def test_a_trace_in_a_collapsed_row_needs_no_id(found: Lint) -> None:
    document = traces({"query": "$trace"})
    inner = document["panels"][0] | {"gridPos": {"x": 0, "y": 1, "w": 24, "h": 8}}
    row = {"id": 9, "type": "row", "title": "Trace", "collapsed": True, "panels": [inner]}

    assert found(document | {"panels": [row]}) == set()


def sources(**destination: str) -> Json:
    """Return a provisioning file of Grafana with *destination* for exemplars."""
    links = [{"name": "trace_id", **destination}]
    return {
        "apiVersion": 1,
        "datasources": [
            {"uid": "p", "type": "prometheus", "jsonData": {"exemplarTraceIdDestinations": links}},
            {"uid": "j", "type": "jaeger"},
        ],
    }


def test_exemplars_lead_to_a_url_and_not_to_jaeger(found: Lint) -> None:
    assert found(sources(datasourceUid="j"), "sources.yaml") == {"sightline-exemplar-link"}
    assert found(sources(url="/d/trace?var-id=x"), "sources.yaml") == set()
