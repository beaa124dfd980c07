"""Each name of a metric or an attribute stands once in the source."""

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import get_args

import pytest
from opentelemetry.semconv import attributes as stable
from opentelemetry.semconv._incubating import attributes as incubating

from instrumentation import conventions, service_metrics
from instrumentation.conventions import METRICS
from sightline import config
from sightline.artifacts import DASHBOARDS, ROOT
from sightline.mixin.config import PROFILES, Severity
from sightline.severities import SEVERITIES
from sightline.viewer.values.links import SERVICE_DASHBOARD

FORMS = ("", "_bucket", "_count", "_created", "_info", "_sum", "_total")
FORMS_OF_METRICS = {name + form for name in METRICS for form in FORMS}
HOMES = [ROOT / "instrumentation" / name for name in ("conventions.py", "service_metrics.py")]


SOURCES = [
    module
    for room in ("demo_services", "instrumentation", "sightline")
    for module in sorted((ROOT / room).rglob("*.py"))
    if module not in HOMES
]


def literals(source: str) -> Iterator[str]:
    """Yield every string of *source* that is no docstring."""
    tree = ast.parse(source)
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in documentation:
            yield node.value if isinstance(node.value, str) else ""


def written_metrics(source: str) -> set[str]:
    """Return the metrics of the table that strings of *source* name."""
    words = {word for text in literals(source) for word in re.findall(r"\w+", text)}
    return words & FORMS_OF_METRICS


def test_each_metric_has_a_constant_of_its_name_in_capitals() -> None:
    named = {**vars(service_metrics), **vars(conventions)}
    constants = {name: named.get(name.upper()) for name in METRICS}

    assert constants == {name: name for name in METRICS}


def test_no_other_module_writes_the_name_of_a_metric() -> None:
    found = {str(module): written_metrics(module.read_text("utf-8")) for module in SOURCES}

    assert {module: names for module, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        'gauge("http_server_active_requests")',
        'log("counted in http_client_request_resends_total")',
        'f"{rate} * http_server_request_duration_seconds_bucket"',
    ],
)
def test_the_check_sees_the_name_of_a_metric(source: str) -> None:
    assert len(written_metrics(source)) == 1


def test_the_check_ignores_docstrings() -> None:
    assert written_metrics('"""Histogram ``http_server_active_requests``."""') == set()


def standard_attributes() -> set[str]:
    """Return every attribute name of the semantic conventions."""
    modules = [
        import_module(f"{package.__name__}.{module.name}")
        for package in (stable, incubating)
        for module in iter_modules(package.__path__)
    ]
    values = [value for module in modules for value in vars(module).values()]
    return {value for value in values if isinstance(value, str) and "." in value}


def test_an_attribute_that_several_modules_use_is_a_constant() -> None:
    standard = standard_attributes()
    written = [set(literals(module.read_text("utf-8"))) & standard for module in SOURCES]

    modules = Counter(name for names in written for name in names)

    assert len(modules) > 10
    assert [name for name, count in modules.items() if count > 1] == []


def test_the_severities_of_our_alerts_are_those_that_lint_accepts() -> None:
    assert get_args(Severity) == SEVERITIES


def test_each_profile_of_rules_can_be_chosen() -> None:
    assert set(config.PROFILES) == {profile.name for profile in PROFILES}


def test_the_dashboard_of_a_service_exists() -> None:
    boards = [json.loads(file.read_text("utf-8")) for file in DASHBOARDS.glob("*.json")]

    assert SERVICE_DASHBOARD in {board["uid"] for board in boards}
