"""Run the tests of prometheus/tests against every mutant of every production rule.

A mutant with a reason in survivors.py is not run and counts as alive. ``--reasons`` runs those
mutants alone, and fails if a test kills one.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from sightline.grafana import durations
from tests import promtool
from tests.mutation.mutants import Rule, mutants
from tests.mutation.survivors import REASONS

MIN_SCORE: Final = 0.95
_REPEATED: Final = re.compile(r"job_slo:|:comparable'|:significant_ratio'")
_BURN: Final = "ErrorBudgetBurn"
_VARIED: Final = re.compile(r"""(?:job|window|slo)=~?"[^"]*"|(?<=> )[\d.]+""")
"""Parts of a rule in which those of other services and windows differ."""
_EVENTS: Final = re.compile(r"job_\w+:\w+:(?:sum|group)|\{[^}]*\}|\b\d+m\b")
"""Parts in which rules of comparable instances differ: counters, services and windows."""
_LEVEL: Final = re.compile(r"\b[a-z_]+:[a-z_]+?(?=(_errors)?:(rate|increase|ratio)\b)")
"""Level and counter of recorded events, in which rules of significant ratios differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """Changed rule that replaces the original."""

    rule: Rule
    change: str
    mutated: Rule

    @property
    def name(self) -> tuple[str, str]:
        """Title of the rule, and the change."""
        return title(self.rule), self.change


def main() -> int:
    """Print score and survivors. Return 1 for a low score or a survivor without a reason."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("names", nargs="*", help="test only rules whose name contains one of these")
    parser.add_argument(
        "--without-objectives",
        action="store_true",
        help="leave out rules of objectives, which are slow",
    )
    parser.add_argument(
        "--reasons", action="store_true", help="run only mutants that have a reason to survive"
    )
    arguments = parser.parse_args()
    found = [
        mutant
        for mutant in all_mutants()
        if not arguments.names or any(name in mutant.name[0] for name in arguments.names)
        if not (arguments.without_objectives and _of_objectives(mutant.rule))
    ]
    explained = [mutant for mutant in found if mutant.name in REASONS]
    if arguments.reasons:
        return report_reasons(len(explained), _dead(explained))
    unexplained = [mutant for mutant in found if mutant.name not in REASONS]
    dead = {mutant.name for mutant in _dead(unexplained)}
    return report(len(found), [mutant.name for mutant in found if mutant.name not in dead])


def _dead(found: list[Mutant]) -> list[Mutant]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        killed = list(pool.map(_print_progress, found))
    return [mutant for mutant, dead in zip(found, killed, strict=True) if dead]


def _of_objectives(rule: Rule) -> bool:
    return "job_slo:" in str(rule)


def _print_progress(mutant: Mutant) -> bool:
    killed = is_killed(mutant)
    progress = "." if killed else f"\n{' | '.join(mutant.name)}\n"
    print(progress, end="", file=sys.stderr, flush=True)  # noqa: T201  progress
    return killed


def report(count: int, alive: list[tuple[str, str]]) -> int:
    """Print survivors and score, and return the exit status."""
    for name in alive:
        reason = REASONS.get(name, "NO REASON")
        print(f"survived  {name[0]}: {name[1]}\n          {reason}")  # noqa: T201  the result
    score = 1 - len(alive) / count if count else 1.0
    print(f"{count} mutants, {count - len(alive)} killed, score {score:.1%}")  # noqa: T201  as above
    return int(score < MIN_SCORE or bool(set(alive) - REASONS.keys()))


def report_reasons(count: int, killed: list[Mutant]) -> int:
    """Print the mutants that a test kills despite their reason, and return the exit status."""
    for mutant in killed:
        print(f"killed  {mutant.name[0]}: {mutant.name[1]}\n        {REASONS[mutant.name]}")  # noqa: T201  the result
    print(f"{count} mutants with a reason, {len(killed)} killed")  # noqa: T201  as above
    return int(bool(killed))


def all_mutants() -> Iterator[Mutant]:
    """Yield every mutant of every rule. Of rules that differ in a label only, the first is used.

    The same holds for rules of objectives that differ in the service or in the window only, for
    comparable instances and significant ratios of other counters.
    """
    seen: set[str] = set()
    shapes: set[tuple[str, str]] = set()
    for rule in promtool.rules("production"):
        shape = _shape(rule)
        if _REPEATED.search(str(rule)) and shape in shapes:
            continue
        shapes.add(shape)
        for change, mutated in mutants(rule):
            mutant = Mutant(rule=rule, change=change, mutated=mutated)
            if str(mutant.name) not in seen:
                seen.add(str(mutant.name))
                yield mutant


def _shape(rule: Rule) -> tuple[str, str]:
    expr = str(rule["expr"])
    if "significant_ratio" in rule.get("record", ""):
        expr = _LEVEL.sub("", expr)
    if rule.get("record", "").endswith(":comparable"):
        expr = _EVENTS.sub("", expr)
    return str(rule.get("alert")), _VARIED.sub("", expr)


def is_killed(mutant: Mutant) -> bool:
    """Return true if a test fails with *mutant* in place of its rule."""
    return any(_fails(mutant, document, subject) for document, subject in _relevant_tests(mutant))


def title(rule: Rule) -> str:
    """Return the name of a rule, with the window of a burn-rate alert."""
    if rule.get("alert") == _BURN:
        return f"{_BURN} {rule['labels']['window']}"
    return str(rule.get("alert") or rule["record"])


def _relevant_tests(mutant: Mutant) -> list[tuple[dict[str, Any], str]]:
    """Return documents and alerts whose tests can fail, first the rule's own, the fastest."""
    name = mutant.rule.get("alert") or mutant.rule["record"]
    return sorted(_find_relevant_tests(mutant), key=lambda story: story[1] != name)


def _find_relevant_tests(mutant: Mutant) -> Iterator[tuple[dict[str, Any], str]]:
    own = mutant.rule.get("alert")
    for path in promtool.FILES:
        document = promtool.story(path)
        for subject in promtool.subjects(document):
            if subject == own or (own is None and _reads_rule(path, document, subject, mutant)):
                yield document, subject


def _reads_rule(path: Path, document: dict[str, Any], subject: str, mutant: Mutant) -> bool:
    return mutant.rule["record"] in _needed(path, tuple(document["rule_files"]), subject)


@cache
def _needed(path: Path, files: tuple[str, ...], subject: str) -> set[str]:
    """Return the names of the rules that the tests of *subject* read."""
    tests = [test for test in promtool.loaded(path)["tests"] if promtool.subject(test) == subject]
    groups = promtool.needed(
        [promtool.loaded(Path(file)) for file in files], promtool.named(tests), text=str(tests)
    )
    return {title(rule) for group in groups for rule in group["rules"]}


def _fails(mutant: Mutant, document: dict[str, Any], subject: str) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        selected = promtool.only(document, subject, folder)
        rule_file = Path(selected["rule_files"][0])
        groups = yaml.safe_load(rule_file.read_text())["groups"]
        for group in groups:
            group["rules"] = [_replace(rule, mutant) for rule in group["rules"]]
        rule_file.write_text(yaml.safe_dump({"groups": groups}, sort_keys=False))
        tests = [test for test in selected["tests"] if _is_relevant(test, mutant)]
        return any(_complains(selected, test, folder) for test in sorted(tests, key=_length))


def _complains(document: dict[str, Any], test: dict[str, Any], folder: Path) -> bool:
    story = folder / "story.yml"
    story.write_text(yaml.safe_dump({**document, "tests": [test]}, sort_keys=False))
    return bool(promtool.complaints(promtool.binary(3), "test", "rules", story))


def _length(test: dict[str, Any]) -> float:
    """Return the evaluated time of *test* in seconds. The shortest tests kill most mutants."""
    checks = (*test.get("alert_rule_test", ()), *test.get("promql_expr_test", ()))
    return max(durations.seconds(check["eval_time"]) for check in checks)


def _replace(rule: Rule, mutant: Mutant) -> Rule:
    return mutant.mutated if rule == mutant.rule else rule


def _is_relevant(test: dict[str, Any], mutant: Mutant) -> bool:
    """Return true if *test* names the window of the mutant, or no window."""
    window = mutant.rule.get("labels", {}).get("window")
    text = str(test.get("promql_expr_test", ""))
    return not window or "window=" not in text or f'window="{window}"' in text


if __name__ == "__main__":
    sys.exit(main())
