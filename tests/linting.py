"""Dashboards for tests of `sightline lint`."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

Json = dict[str, Any]

VARIABLES = [
    {
        "name": "datasource",
        "type": "datasource",
        "query": "prometheus",
        "label": "Data source",
    },
    *(
        {
            "name": name,
            "type": "query",
            "label": name.capitalize(),
            "query": f"label_values(up, {name})",
            "datasource": {"type": "prometheus", "uid": "${datasource}"},
            "refresh": 2,
            "multi": True,
            "allValue": ".+",
        }
        for name in ("job", "instance")
    ),
]
CHOSEN = 'job=~"$job", instance=~"$instance"'
REQUESTS = f"sum(rate(http_server_request_duration_seconds_count{{{CHOSEN}}}[$__rate_interval]))"
BUCKETS = f"rate(http_server_request_duration_seconds_bucket{{{CHOSEN}}}[$__rate_interval])"


def dashboard(**changes: object) -> Json:
    """Return a correct dashboard with *changes* to its only panel."""
    panel = {
        "id": 1,
        "type": "timeseries",
        "title": "Requests",
        "description": "None: nothing is answered.",
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": {"x": 0, "y": 0, "w": 24, "h": 8},
        "fieldConfig": {"defaults": {"unit": "reqps"}, "overrides": []},
        "targets": [{"refId": "A", "expr": REQUESTS}],
    }
    return {
        "uid": "shop",
        "title": "Shop",
        "description": "Do we sell?",
        "editable": False,
        "templating": {"list": deepcopy(VARIABLES)},
        "panels": [panel | changes],
    }


def asking(expr: str, unit: str = "reqps", **target: object) -> Json:
    return dashboard(
        targets=[{"refId": "A", "expr": expr, **target}],
        fieldConfig={"defaults": {"unit": unit}, "overrides": []},
    )


Lint = Callable[..., set[str]]
"""Function that lints a document and returns the names of rules with findings."""
