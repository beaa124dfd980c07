"""`sightline new alert`: the object, the runbook and the two unit tests of a new alert.

It reads and writes files of a checkout only, so that it does not load the mixin. Every value that
the author must choose contains `PLACEHOLDER`, which a contract test rejects in committed files.
"""

import argparse
import ast
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sightline import artifacts, display
from sightline.errors import ConfigurationError
from sightline.invocation import command

PLACEHOLDER: Final = "FILL_IN"
"""Mark of a value that the author must choose."""

_NAME: Final = re.compile(r"(?:[A-Z][a-z0-9]+){2,}")
_WORD: Final = re.compile(r"[A-Z][a-z0-9]+")

_OBJECT: Final = """\
{constant}: Final = Alert(
    name="{name}",
    signal="max by (cluster, namespace, job) (FILL_IN)",
    threshold=Threshold(operator=">", value=0),
    hold="5m",
    keep="5m",
    why="FILL_IN: the reason for this threshold and these times.",
    severity="warning",
    summary="{{{{ $labels.job }}}} FILL_IN.",
    description="FILL_IN: the meaning, and the first step.",
    dashboard="service",
)

"""

_TESTS: Final = """
  - name: {name} fires after five minutes, and clears
    interval: 1m
    input_series:
      - series: 'FILL_IN{{job="orders"}}'
        values: '0x5 1x10 0x20'
    alert_rule_test:
      - {{eval_time: 10m30s, alertname: {name}}}
      - eval_time: 11m30s
        alertname: {name}
        exp_alerts:
          - exp_labels: {{severity: warning, job: orders}}
            exp_annotations:
              summary: 'orders FILL_IN.'
              description: 'FILL_IN: the meaning, and the first step.'
              dashboard_url: 'http://localhost:3000/d/service?var-cluster=&var-namespace=&var-job=orders'
              runbook_url: 'http://localhost:8003/runbooks/{name}'
      - {{eval_time: 30m, alertname: {name}}}

  - name: {name} is silent FILL_IN
    interval: 1m
    input_series:
      - series: 'FILL_IN{{job="orders"}}'
        values: '0x30'
    alert_rule_test:
      - {{eval_time: 20m, alertname: {name}}}
"""

_RUNBOOK: Final = """\
# {name}

## Meaning

FILL_IN: the fact that the alert reports.

## Impact

FILL_IN: the effect on users.

## Is it a false alarm?

FILL_IN: the observation that distinguishes a false alarm.

## Diagnosis

Replace JOB with the label `job` of the alert.

FILL_IN: the subject of this query:

```promql contract
FILL_IN{{job="JOB"}}
```

## Remedy

1. FILL_IN: the first step.

CONTAINER, DEPLOYMENT and UNIT stand for the names of the service where it runs.

| action | containers | Kubernetes | systemd |
|---|---|---|---|
| restart | `docker restart CONTAINER` | \
`kubectl rollout restart deployment/DEPLOYMENT` | `systemctl restart UNIT` |

## Verify the recovery

FILL_IN: the query or page that shows it.

<details>
<summary>See it fire in the demo</summary>

FILL_IN: the steps that make the demo raise this alert.

</details>
"""


def main(arguments: Sequence[str]) -> int:
    """Create the files of the alert in *arguments* and print the next steps.

    Raises:
        ConfigurationError: Not in a checkout, or the name is invalid or taken; nothing is written.
    """
    chosen = parser().parse_args(arguments)
    name: str = chosen.name
    modules = _modules()
    _check_name(name)
    if chosen.file not in modules:
        expected = ", ".join(modules)
        raise ConfigurationError(f"--file {chosen.file}: expected one of {expected}")
    module = modules[chosen.file]
    source = add_to_module(module.read_text(encoding="utf-8"), name)
    tests = _tests_of(chosen.file)
    story = tests.read_text(encoding="utf-8").rstrip("\n") + "\n" + _TESTS.format(name=name)
    texts = {module: source, tests: story, _runbook(name): _RUNBOOK.format(name=name)}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
        display.note(f"wrote {path.relative_to(artifacts.ROOT)}")
    display.note(f"next: replace every {PLACEHOLDER} in these files, then run `make generate`")
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the argument parser of `sightline new`."""
    parser = argparse.ArgumentParser(prog="sightline new", description="Create source files.")
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    alert = kinds.add_parser("alert", help="create an alert, its runbook and its two unit tests")
    alert.add_argument("name", metavar="NAME", help="subject, then condition: ErrorRatioHigh")
    alert.add_argument(
        "--file",
        metavar="FILE",
        default="services",
        help="module of sightline/mixin/alerts and file of prometheus/tests (default: services)",
    )
    return parser


def constant(name: str) -> str:
    """Return the name of the constant: ``ERROR_RATIO_HIGH`` for ``ErrorRatioHigh``."""
    return "_".join(_WORD.findall(name)).upper()


def add_to_module(source: str, name: str) -> str:
    """Return *source* with a new alert before its group and in the rules of that group."""
    group = _group(source)
    lines = source.splitlines(keepends=True)
    before = "".join(lines[: group.lineno - 1])
    after = "".join(lines[group.end_lineno :])
    alert = _OBJECT.format(name=name, constant=constant(name))
    return f"{before}{alert}{_extended(group, source, constant(name))}\n{after}"


def _group(source: str) -> ast.AnnAssign:
    """Return the last assignment of a `Group` in *source*."""
    return _groups(source)[-1]


def _groups(source: str) -> list[ast.AnnAssign]:
    return [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) == "Group"
    ]


def _extended(group: ast.AnnAssign, source: str, added: str) -> str:
    """Return the assignment *group* with *added* at the end of its rules, one line per rule."""
    call = group.value
    if not isinstance(call, ast.Call):
        raise TypeError(ast.dump(group))
    lines = [f"{ast.unparse(group.target)}: Final = Group("]
    for keyword in call.keywords:
        if keyword.arg == "rules" and isinstance(keyword.value, ast.Tuple):
            rules = [ast.get_source_segment(source, rule) for rule in keyword.value.elts]
            lines += ["    rules=(", *(f"        {rule}," for rule in [*rules, added]), "    ),"]
        else:
            lines.append(f"    {keyword.arg}={ast.get_source_segment(source, keyword.value)},")
    return "\n".join([*lines, ")"])


def _modules() -> dict[str, Path]:
    """Return the modules of alerts by name, those that have a file of unit tests."""
    folder = artifacts.ROOT / "sightline" / "mixin" / "alerts"
    modules = {path.stem: path for path in sorted(folder.glob("*.py"))}
    if not modules:
        raise ConfigurationError(f"{command('new')} works in a checkout of Sightline only")
    return {
        name: path
        for name, path in modules.items()
        if _tests_of(name).is_file() and _groups(path.read_text(encoding="utf-8"))
    }


def _tests_of(module: str) -> Path:
    return artifacts.PROMETHEUS / "tests" / f"{module}.yml"


def _runbook(name: str) -> Path:
    return artifacts.ROOT / "docs" / "runbooks" / f"{name}.md"


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"{name!r}: expected subject and condition, like ErrorRatioHigh")
    if _runbook(name).exists():
        raise ConfigurationError(f"{name} exists: {_runbook(name).relative_to(artifacts.ROOT)}")
