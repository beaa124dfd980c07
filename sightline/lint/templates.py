"""Rules on variables and on the dashboard as a whole."""

from typing import Final

from sightline.grafana.dashboard import PROMETHEUS, REFRESH_ON_TIME_RANGE, Variable
from sightline.grafana.interpolation import ALL
from sightline.grafana.values import items, obj, text
from sightline.grafana.variable_queries import LABEL_VALUES
from sightline.lint import logql, promql
from sightline.lint.board import Board
from sightline.lint.finding import Found, Rule


def data_source(board: Board) -> Found:
    """Require a variable for the data source."""
    sources = board.dashboard.source_variables()
    single = len(sources) == 1
    if not sources:
        yield "", "no data source variable: expected one, so that the file works elsewhere"
    for variable in sources:
        names = {f"{variable.query}_datasource"} | ({"datasource"} if single else set())
        if variable.name not in names:
            yield _place(variable), f"name: expected {' or '.join(sorted(names))}"
        labels = {f"{variable.query.capitalize()} data source"}
        labels |= {"Data source"} if single else set()
        if variable.label not in labels:
            yield (
                _place(variable),
                f"label {variable.label!r}: expected {' or '.join(sorted(labels))}",
            )


def job(board: Board) -> Found:
    """Require a variable for jobs."""
    return _label_variable(board, "job")


def instance(board: Board) -> Found:
    """Require a variable for instances."""
    return _label_variable(board, "instance")


def _label_variable(board: Board, name: str) -> Found:
    if not any(query.is_promql for query in board.queries()):
        return
    found = [variable for variable in board.dashboard.variables if variable.name == name]
    if not found:
        yield "", f"no variable {name}: expected one"
    for variable in found:
        checks = (
            ("type", variable.kind, "query"),
            ("label", variable.label, name.capitalize()),
            ("multi", variable.multi, True),
            ("allValue", variable.all_value, ".+"),
        )
        for key, value, expected in checks:
            if value != expected:
                yield _place(variable), f"{key} {value!r}: expected {expected!r}"
        if not variable.source.uid.startswith("$"):
            yield _place(variable), "fixed data source: expected the data source variable"


def label_query(board: Board) -> Found:
    """Require valid PromQL in queries of variables."""
    for variable in board.dashboard.variables:
        selector = _selector(variable)
        if selector is None:
            continue
        try:
            promql.tree(selector)
        except ValueError as error:
            yield _place(variable), f"{selector}: {error}"


def _selector(variable: Variable) -> str | None:
    asks_prometheus = variable.kind == "query" and variable.source.type in {"", PROMETHEUS}
    found = LABEL_VALUES.fullmatch(variable.query) if asks_prometheus else None
    return found["series"] if found and not logql.resembles(found["series"] or "") else None


def single(board: Board) -> Found:
    """Require a text as the default of a single choice; Grafana ignores a list.

    Source: ``findOptionMatchingCurrent`` of @grafana/scenes.
    """
    for raw in items(obj(board.dashboard.raw.get("templating")).get("list")):
        value = obj(raw.get("current")).get("value")
        if isinstance(value, list) and not raw.get("multi") and value[:1] not in ([], [ALL]):
            yield (
                f"variable {text(raw.get('name'))}",
                f"current value {value}: expected a text, because multi is false",
            )


def reload(board: Board) -> Found:
    """Require options that follow the time range."""
    for variable in board.dashboard.variables:
        if variable.kind == "query" and variable.refresh != REFRESH_ON_TIME_RANGE:
            yield _place(variable), "refresh: expected 2, on time range change"


def uneditable(board: Board) -> Found:
    """Require ``editable: false``, because Grafana cannot save changes of provisioned files."""
    if board.dashboard.raw.get("editable", True):
        yield "", "editable: expected false"


def identity(board: Board) -> Found:
    """Require a uid and a description, and no database id."""
    if not board.dashboard.uid:
        yield "", "no uid: expected one, because links need it"
    if (number := board.dashboard.raw.get("id")) is not None:
        yield "", f"id {number}: expected none, it belongs to one Grafana's database"
    if not board.dashboard.description:
        yield "", "no description: expected the question that the dashboard answers"


def _place(variable: Variable) -> str:
    return f"variable {variable.name}"


RULES: Final = (
    Rule(name="template-datasource-rule", check=data_source),
    Rule(name="template-job-rule", check=job),
    Rule(name="template-instance-rule", check=instance),
    Rule(name="template-label-promql-rule", check=label_query),
    Rule(name="sightline-single-value", check=single),
    Rule(name="template-on-time-change-reload-rule", check=reload),
    Rule(name="uneditable-dashboard", check=uneditable),
    Rule(name="sightline-identity", check=identity),
)
