"""Run the tests of prometheus/tests against every mutant of every production rule."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from sightline.artefacts import PROMETHEUS
from tests import promtool
from tests.mutation.mutants import Rule, mutants
from tests.mutation.survivors import REASONS

MIN_SCORE: Final = 0.95
_BURN: Final = "ErrorBudgetBurn"


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
    names = parser.parse_args().names
    found = [
        mutant
        for mutant in all_mutants()
        if not names or any(name in mutant.name[0] for name in names)
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        killed = list(pool.map(_print_progress, found))
    alive = [mutant.name for mutant, dead in zip(found, killed, strict=True) if not dead]
    return report(len(found), alive)


def _print_progress(mutant: Mutant) -> bool:
    killed = is_killed(mutant)
    print("." if killed else "S", end="", file=sys.stderr, flush=True)  # noqa: T201  progress
    return killed


def report(count: int, alive: list[tuple[str, str]]) -> int:
    """Print survivors and score, and return the exit status."""
    for rule, change in alive:
        print(f"survived  {rule}: {change}\n          {REASONS.get((rule, change), 'NO REASON')}")  # noqa: T201  the result
    score = 1 - len(alive) / count if count else 1.0
    print(f"{count} mutants, {count - len(alive)} killed, score {score:.1%}")  # noqa: T201  as above
    return int(score < MIN_SCORE or bool(set(alive) - REASONS.keys()))


def all_mutants() -> Iterator[Mutant]:
    """Yield every mutant of every rule. Of rules that differ in a label only, the first is used."""
    seen: set[str] = set()
    for rule in rules():
        for change, mutated in mutants(rule):
            mutant = Mutant(rule=rule, change=change, mutated=mutated)
            if str(mutant.name) not in seen:
                seen.add(str(mutant.name))
                yield mutant


def is_killed(mutant: Mutant) -> bool:
    """Return true if a test fails with *mutant* in place of its rule."""
    return any(_fails(mutant, document, subject) for document, subject in _relevant_tests(mutant))


def title(rule: Rule) -> str:
    """Return the name of a rule, with the window of a burn-rate alert."""
    if rule.get("alert") == _BURN:
        return f"{_BURN} {rule['labels']['window']}"
    return str(rule.get("alert") or rule["record"])


def rules() -> Iterator[Rule]:
    """Yield every production rule."""
    for file in sorted((PROMETHEUS / "rules" / "production").glob("*.yml")):
        for group in promtool.loaded(file)["groups"]:
            yield from group["rules"]


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
    groups = promtool.needed([promtool.loaded(Path(file)) for file in files], promtool.named(tests))
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
        story = folder / "story.yml"
        story.write_text(yaml.safe_dump({**selected, "tests": tests}, sort_keys=False))
        return bool(promtool.complaints(promtool.binary(3), "test", "rules", story))


def _replace(rule: Rule, mutant: Mutant) -> Rule:
    return mutant.mutated if rule == mutant.rule else rule


def _is_relevant(test: dict[str, Any], mutant: Mutant) -> bool:
    """Return true if *test* names the window of the mutant, or no window."""
    window = mutant.rule.get("labels", {}).get("window")
    text = str(test.get("promql_expr_test", ""))
    return not window or "window=" not in text or f'window="{window}"' in text


if __name__ == "__main__":
    sys.exit(main())
