"""Public examples of Sloth, and the alerts and windows of Sloth's own rules on generated data.

``python -m tests.sloth_examples SLOTH`` records the answers with the program SLOTH.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from tests import promtool

FOLDER: Final = Path(__file__).parent / "golden" / "sloth"
EXAMPLES: Final = sorted(path.stem for path in FOLDER.glob("*.yaml"))
MOMENTS: Final = tuple(f"{minutes}m" for minutes in range(35, 480, 40))

SLOTH_QUERIES: Final = (
    'max without (job, slo) (ALERTS{alertstate="firing"})',
    'round(max by (sloth_id, sloth_window) ({__name__=~"slo:.*", sloth_window!~"|30d"}), 0.00001)',
)
"""Firing alerts, and the ratio of errors in each window."""

_WINDOW: Final = 'label_replace(job_slo:sli_error:ratio, "sloth_window", "$1", "window", "(.*)")'
_NAMED: Final = f'label_join({_WINDOW}, "sloth_id", "-", "job", "slo")'
_ADDED: Final = "ErrorBudgetExhausted|SloDataMissing"
OUR_QUERIES: Final = (
    f'max without (job, slo) (ALERTS{{alertstate="firing", alertname!~"{_ADDED}"}})',
    f"round(max by (sloth_id, sloth_window) ({_NAMED}), 0.00001)",
)
"""The same of the rules that `sightline slo build` writes, which add the labels `job` and `slo`."""

Samples = dict[str, list[dict[str, float]]]
"""Values by labels, for each of two queries, by moment."""

_SAMPLE: Final = re.compile(r"(\w*\{.*?\}) ([-+.\dE]+)(?=, |$)")


def series(example: str) -> list[dict[str, str]]:
    """Return the input series of *example*, with a sample each minute."""
    known = yaml.safe_load((FOLDER / "series.yml").read_text(encoding="utf-8"))
    found = known["series"][known["same"].get(example, example)]
    return [{"series": name, "values": values} for name, values in found.items()]


def answers(example: str) -> Samples:
    """Return the recorded samples of each of `SLOTH_QUERIES` at each moment."""
    path = FOLDER / "answers" / f"{example}.yml"
    found: Samples = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def samples(example: str, rules: Path, queries: tuple[str, str]) -> Samples:
    """Return the samples of each of *queries* to *rules* at each moment, as promtool prints them.

    promtool prints what it got because it expects samples that no query returns.
    """
    never = [{"labels": "{}", "value": -1}]
    checks = [
        {"eval_time": moment, "expr": query, "exp_samples": never}
        for moment in MOMENTS
        for query in queries
    ]
    test = {"interval": "1m", "input_series": series(example), "promql_expr_test": checks}
    document = {"rule_files": [rules.name], "evaluation_interval": "1m", "tests": [test]}
    story = rules.with_name("story.yml")
    story.write_text(yaml.safe_dump(document), encoding="utf-8")
    printed = promtool.complaints(promtool.binary(3), "test", "rules", story)
    got = [line.partition("got:")[2] for line in printed.splitlines() if "got:" in line]
    found = [{labels: float(value) for labels, value in _SAMPLE.findall(each)} for each in got]
    pairs = zip(found[::2], found[1::2], strict=True)
    return dict(zip(MOMENTS, map(list, pairs), strict=True))


def record(sloth: str, example: str, folder: Path) -> Samples:
    """Return the samples of the rules that the program *sloth* writes for *example*."""
    rules = folder / "rules.yml"
    command = [sloth, "generate", "--input", str(FOLDER / f"{example}.yaml")]
    output = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    rules.write_text(yaml.safe_dump({"groups": list(_groups(output))}), encoding="utf-8")
    return samples(example, rules, SLOTH_QUERIES)


def _groups(output: str) -> Iterator[dict[str, Any]]:
    """Yield the groups of rules in *output*, which has rule files or resources for Kubernetes."""
    for document in filter(None, yaml.safe_load_all(output)):
        yield from document.get("spec", document)["groups"]


def main(sloth: str) -> None:
    """Record the answers of every example."""
    (FOLDER / "answers").mkdir(exist_ok=True)
    for example in EXAMPLES:
        with tempfile.TemporaryDirectory() as folder:
            found = record(sloth, example, Path(folder))
        text = yaml.safe_dump(found, sort_keys=False, width=1000)
        (FOLDER / "answers" / f"{example}.yml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
