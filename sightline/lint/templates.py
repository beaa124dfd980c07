"""Rules on variables and on the dashboard as a whole."""

from collections.abc import Iterator
from typing import Final

from sightline.lint import board, promql
from sightline.lint.board import Board, Json
from sightline.lint.finding import Rule

Found = Iterator[tuple[str, str]]

_ON_TIME_RANGE: Final = 2


def _asks_prometheus(dashboard: Board) -> bool:
    return any(target.kind == board.PROMETHEUS for target in dashboard.targets())


def data_source(dashboard: Board) -> Found:
    """Panels ask a data source that the reader can change."""
    sources = dashboard.sources()
    if not sources:
        yield "", "no data source variable: expected one, so that the file works elsewhere"
    for variable in sources:
        kind, name = variable.get("query", ""), variable.get("name", "")
        allowed = {f"{kind}_datasource"} | ({"datasource"} if len(sources) == 1 else set())
        if name not in allowed:
            yield f"variable {name}", f"name: expected {' or '.join(sorted(allowed))}"
        labels = {f"{kind.capitalize()} data source"}
        labels |= {"Data source"} if len(sources) == 1 else set()
        if variable.get("label") not in labels:
            yield (
                f"variable {name}",
                f"label {variable.get('label')!r}: expected {' or '.join(sorted(labels))}",
            )


def job(dashboard: Board) -> Found:
    """The reader can choose among jobs."""
    return _choice(dashboard, "job")


def instance(dashboard: Board) -> Found:
    """The reader can choose among instances."""
    return _choice(dashboard, "instance")


def _choice(dashboard: Board, name: str) -> Found:
    if not _asks_prometheus(dashboard):
        return
    found = [variable for variable in dashboard.variables() if variable.get("name") == name]
    if not found:
        yield "", f"no variable {name}: expected one"
    for variable in found:
        wanted = {"type": "query", "label": name.capitalize(), "multi": True, "allValue": ".+"}
        for key, value in wanted.items():
            if variable.get(key) != value:
                yield f"variable {name}", f"{key} {variable.get(key)!r}: expected {value!r}"
        if not board.source(variable).startswith("$"):
            yield f"variable {name}", "data source is fixed: expected the data source variable"


def label_query(dashboard: Board) -> Found:
    """The query of a variable holds PromQL."""
    for variable in dashboard.variables():
        selector = _selector(variable)
        if selector is None:
            continue
        try:
            promql.tree(selector)
        except ValueError as error:
            yield f"variable {variable.get('name')}", f"{selector}: {error}"


def _selector(variable: Json) -> str | None:
    query = variable.get("query", "")
    text = query.get("query", "") if isinstance(query, dict) else query
    if variable.get("type") != "query" or not str(text).startswith("label_values("):
        return None
    inner = str(text).removeprefix("label_values(").removesuffix(")")
    return inner.rpartition(",")[0] or None


def reload(dashboard: Board) -> Found:
    """Choices follow the time range."""
    for variable in dashboard.variables():
        if variable.get("type") == "query" and variable.get("refresh") != _ON_TIME_RANGE:
            yield f"variable {variable.get('name')}", "refresh: expected 2, on time range change"


def uneditable(dashboard: Board) -> Found:
    """A provisioned dashboard cannot be changed in the browser, where the change would be lost."""
    if dashboard.json.get("editable", True):
        yield "", "editable: expected false"


def identity(dashboard: Board) -> Found:
    """A dashboard has an address of its own and no number of somebody's database."""
    if not dashboard.json.get("uid"):
        yield "", "no uid: expected one, links need it"
    if dashboard.json.get("id") is not None:
        yield "", f"id {dashboard.json['id']}: expected none, it is another database's"
    if not dashboard.json.get("description"):
        yield "", "no description: expected the question that the dashboard answers"


RULES: Final = (
    Rule(name="template-datasource-rule", check=data_source),
    Rule(name="template-job-rule", check=job),
    Rule(name="template-instance-rule", check=instance),
    Rule(name="template-label-promql-rule", check=label_query),
    Rule(name="template-on-time-change-reload-rule", check=reload),
    Rule(name="uneditable-dashboard", check=uneditable),
    Rule(name="sightline-identity", check=identity),
)
