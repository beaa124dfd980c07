"""Dashboards of several clusters and large fleets: selections, groups, links, cost."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from promql_parser import AggregateExpr, BinaryExpr, Expr

from instrumentation.conventions import HTTP_SERVER_REQUEST_DURATION_SECONDS
from sightline.artifacts import DASHBOARDS
from sightline.grafana.dashboard import Dashboard
from sightline.grafana.references import references
from sightline.lint import promql
from sightline.lint.board import Board
from sightline.lint.layout import columns
from sightline.mixin.dashboards.variables import JOBS
from sightline.mixin.identity import IDENTITY

FILES = sorted(DASHBOARDS.glob("*.json"))
PLACES = {label: f"${label}|" for label in IDENTITY[:2]}
"""Pattern of each wider label: the selected values, or no such label."""

RAW_DURATIONS = f"{HTTP_SERVER_REQUEST_DURATION_SECONDS}_bucket"


def stem(path: Path) -> str:
    return path.stem


def trees(path: Path) -> Iterator[tuple[str, Expr]]:
    """Yield panel and syntax tree of every PromQL query of a dashboard."""
    board = Board(path=path, dashboard=Dashboard.read(path), siblings={})
    yield from ((query.panel.title, tree) for query, tree in board.parsed_queries())


def groups(tree: Expr) -> Iterator[set[str]]:
    """Yield the labels of every ``by`` and ``on`` in *tree*."""
    for node, _ in promql.nodes(tree):
        if isinstance(node, AggregateExpr) and node.modifier is not None:
            yield set(node.modifier.labels)
        if isinstance(node, BinaryExpr) and node.modifier and node.modifier.matching:
            yield set(node.modifier.matching.labels)


def names_set(url: str) -> set[str]:
    """Return the names of the variables that the query string of *url* sets."""
    query = urlsplit(url).query
    parameters = {name.removeprefix("var-") for name, _ in parse_qsl(query, keep_blank_values=True)}
    return parameters | {one.name for one in references(query) if one.format == "queryparam"}


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_a_query_of_selected_services_selects_clusters_and_namespaces(path: Path) -> None:
    narrow = {
        panel
        for panel, tree in trees(path)
        for selector, _ in promql.selectors(tree)
        if "$job" in promql.matchers(selector).get("job", "")
        and not promql.matchers(selector).items() >= PLACES.items()
    }

    assert narrow == set()


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_services_are_grouped_and_joined_by_their_whole_identity(path: Path) -> None:
    partial = {
        panel
        for panel, tree in trees(path)
        for labels in groups(tree)
        if "job" in labels and not labels >= set(IDENTITY)
    }

    assert partial == set()


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_the_reader_selects_clusters_and_namespaces_and_all_includes_none(path: Path) -> None:
    variables = {variable.name: variable for variable in Dashboard.read(path).variables}

    assert [variables[label].all_value for label in PLACES] == [".*", ".*"]


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_links_between_dashboards_carry_clusters_and_namespaces(path: Path) -> None:
    urls = re.findall(r'"url": "(/d/[^"]+)"', path.read_text(encoding="utf-8"))

    assert [url for url in urls if not names_set(url) >= PLACES.keys()] == []


@pytest.mark.parametrize("path", FILES, ids=stem)
def test_a_link_from_a_row_of_a_cluster_carries_the_cluster_of_the_row(path: Path) -> None:
    tables = [panel for panel in Dashboard.read(path).every_panel() if "Cluster" in columns(panel)]
    selected = [
        (panel.title, link["url"])
        for panel in tables
        for override in panel.overrides
        for link in override.properties.get("links", ())
        if "var-cluster=${__data.fields.Cluster:percentencode}" not in link["url"]
    ]

    assert selected == []


@pytest.mark.parametrize("uid", ["fleet", "service", "slo", "dependencies"])
def test_pages_of_services_read_recorded_durations(uid: str) -> None:
    raw = [
        (panel, str(selector))
        for panel, tree in trees(DASHBOARDS / f"{uid}.json")
        for selector, _ in promql.selectors(tree)
        if promql.metric(selector) == RAW_DURATIONS and "offset -1w" not in str(selector)
    ]

    assert raw == []


def test_services_are_found_by_their_own_series_or_http_metrics() -> None:
    found = re.search(r'__name__=~"([^"]+)"', JOBS.query)

    assert found
    assert re.split(r"\|", found[1]) == [
        f"{HTTP_SERVER_REQUEST_DURATION_SECONDS}_count",
        "sightline_internal_errors_total",
    ]
