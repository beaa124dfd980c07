"""Checks of recording and alerting rules. Source of ideas: cloudflare/pint, `docs/checks/`."""

import re
from collections import Counter
from typing import Final

from promql_parser import BinaryExpr, Call, Expr, MatchOp

from sightline.grafana import durations
from sightline.lint import logql, promql
from sightline.lint.finding import Found, Rule
from sightline.lint.rule_file import RuleFile
from sightline.severities import SEVERITIES

ANNOTATIONS: Final = ("summary", "description", "runbook_url")

_LEVELS: Final = re.compile(r"[a-z_][a-z0-9_]*:[a-z_][a-z0-9_]*:[a-z0-9_]+")
_CONDITIONS: Final = frozenset({"==", "!=", ">", "<", ">=", "<=", "unless"})
_SPECIAL: Final = frozenset("\\.+*?()|[]{}^$")
_RATES: Final = frozenset({"rate", "irate", "increase"})
_GAUGES: Final = ("_bytes", "_ratio", "_info", "_timestamp_seconds", "_celsius")
_TEMPLATE: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_LOCAL: Final = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(?![\w.-])")
_MAX_INTERVAL_SECONDS: Final = 300


def syntax(file: RuleFile) -> Found:
    """Require valid PromQL in expressions; LogQL of Loki's rules must have matching brackets."""
    for rule in file.rules():
        try:
            promql.tree(rule.expr)
        except ValueError as error:
            if not logql.resembles(rule.expr) or not logql.is_balanced(rule.expr):
                yield rule.place, f"{rule.expr or 'no expression'}: {error}"


def names(file: RuleFile) -> Found:
    """Require names like ``level:metric:operation`` for recorded series."""
    for rule in file.rules():
        if rule.record and not _LEVELS.fullmatch(rule.record):
            yield rule.place, f"{rule.record}: expected level:metric:operation"


def conditions(file: RuleFile) -> Found:
    """Require a comparison in alerts; without one, they fire for every series."""
    for rule, tree in file.queries():
        always = rule.labels.get("severity") == "none"
        if rule.alert and not always and not _compares(tree):
            yield rule.place, "no comparison: the alert fires for every existing series"


def _compares(tree: Expr) -> bool:
    signs = {str(node.op) for node, _ in promql.nodes(tree) if isinstance(node, BinaryExpr)}
    calls = {node.func.name for node, _ in promql.nodes(tree) if isinstance(node, Call)}
    return bool(signs & _CONDITIONS or calls & {"absent", "absent_over_time"})


def annotations(file: RuleFile) -> Found:
    """Require a summary, a description and a runbook for alerts."""
    for rule in file.alerts():
        missing = [name for name in ANNOTATIONS if not rule.annotations.get(name)]
        if missing:
            yield rule.place, f"no {', '.join(missing)}: expected all of them"


def severity(file: RuleFile) -> Found:
    """Require one of the four severities, which decide the route of an alert."""
    for rule in file.alerts():
        found = rule.labels.get("severity")
        if found not in SEVERITIES:
            yield rule.place, f"severity {found!r}: expected {', '.join(SEVERITIES)}"


def labels(file: RuleFile) -> Found:
    """Reject the value in labels, because each evaluation would create a new alert."""
    for rule in file.alerts():
        for name, value in rule.labels.items():
            if re.search(r"\$value|\.Value", value):
                yield rule.place, f"label {name} contains the value: use an annotation"


def addresses(file: RuleFile) -> Found:
    """Reject links to localhost in alerts; they lead to the machine of their reader."""
    for rule in file.alerts():
        for name, value in rule.annotations.items():
            if _LOCAL.search(_TEMPLATE.sub("", value)):
                yield rule.place, f"annotation {name} leads to localhost: use the server's address"


def rates(file: RuleFile) -> Found:
    """Reject rate() of gauges, where it is meaningless."""
    for rule, tree in file.queries():
        for selector, above in promql.selectors(tree):
            name = promql.metric(selector)
            if name.endswith(_GAUGES) and promql.functions(above) & _RATES:
                yield rule.place, f"rate of {name}: a gauge; use delta() or deriv()"


def matchers(file: RuleFile) -> Found:
    """Reject regular expressions without a pattern; ``=`` is faster."""
    for rule, tree in file.queries():
        for selector, _ in promql.selectors(tree):
            for matcher in selector.matchers.matchers:
                pattern = matcher.op in (MatchOp.Re, MatchOp.NotRe)
                if pattern and not set(matcher.value) & _SPECIAL:
                    yield rule.place, f"{matcher} is plain text: use = or !="


def dependencies(file: RuleFile) -> Found:
    """Require that recorded series read by rules are recorded by a linted file."""
    for rule, tree in file.queries():
        read = {promql.metric(selector) for selector, _ in promql.selectors(tree)}
        for name in sorted(name for name in read - file.recorded if promql.is_recorded(name)):
            yield rule.place, f"{name} is recorded by no linted rule"


def duplicates(file: RuleFile) -> Found:
    """Reject rules defined twice in a file."""
    keys = [(rule.place, tuple(sorted(rule.labels.items())), rule.expr) for rule in file.rules()]
    for (name, _, expr), times in Counter(keys).items():
        if expr and times > 1:
            yield name, f"is defined {times} times: expected once"


def intervals(file: RuleFile) -> Found:
    """Require an interval of at most five minutes; otherwise graphs have gaps."""
    for group in file.groups:
        if group.interval and not _is_short(group.interval):
            yield f"group {group.name}", f"interval {group.interval}: expected at most 5m"


def _is_short(interval: str) -> bool:
    try:
        return durations.seconds(interval) <= _MAX_INTERVAL_SECONDS
    except ValueError:
        return False


RULES: Final = (
    Rule(name="promql/syntax", check=syntax),
    Rule(name="rule/name", check=names),
    Rule(name="alerts/comparison", check=conditions),
    Rule(name="alerts/annotation", check=annotations),
    Rule(name="alerts/severity", check=severity),
    Rule(name="alerts/template", check=labels),
    Rule(name="alerts/localhost", check=addresses),
    Rule(name="promql/counter", check=rates),
    Rule(name="promql/regexp", check=matchers),
    Rule(name="rule/dependency", check=dependencies),
    Rule(name="rule/duplicate", check=duplicates),
    Rule(name="group/interval", check=intervals),
)
