"""Links of Jaeger's pages: their parameters are tags that spans of the library have."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from instrumentation import Settings
from instrumentation._setup.provider import resource_of
from sightline.artifacts import JAEGER

PATTERNS: list[Mapping[str, Any]] = json.loads((JAEGER / "ui.json").read_text())["linkPatterns"]

REMOVED_BY_JAEGER = "service.name"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_SERVICE_NAME": "orders"},
        {"OTEL_RESOURCE_ATTRIBUTES": "service.name=orders,service.instance.id=pod-7"},
    ],
    ids=str,
)
def test_a_span_links_to_the_dashboard_of_its_service(environ: dict[str, str]) -> None:
    (pattern,) = [pattern for pattern in PATTERNS if pattern["type"] == "process"]

    tags = dict(resource_of(Settings.from_env(environ), "orders").attributes)
    del tags[REMOVED_BY_JAEGER]

    link = re.sub(r"#\{(.+?)\}", lambda found: str(tags[found[1]]), pattern["url"])
    assert pattern["key"] in tags
    assert link.endswith("/d/service?var-job=orders")
