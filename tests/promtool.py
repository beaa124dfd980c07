"""The unit tests of rules, `prometheus/tests/*.yml`, run by promtool on either profile's clock.

The files are written for production. The demo plays the same story ten times faster: times,
intervals and values counted in seconds are divided by ten. Counts of events are not, except in
stories of alerts that know a rate a second, which is no faster in the demo.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from sightline.artefacts import PROMETHEUS
from sightline.binaries import find
from sightline.config import Config
from sightline.grafana import durations

FILES: Final = sorted((PROMETHEUS / "tests").glob("*.yml"))
PRODUCTION_ONLY: Final = {"recording", "watchdog"}
"""Files whose story the demo does not tell faster: recorded values, and the alert that waits for
Alertmanager, which is as slow there."""

SAME_RATES: Final = {
    "ExemplarsMissing",
    "HttpServerRequestsStuck",
    "HttpServerTrafficDropped",
    "MessageConsumerLagging",
    "TracesMissing",
}
"""Alerts that compare a rate with a number of events a second."""

SPEED: Final = 10
_IN_SECONDS: Final = re.compile(r"([a-z_]+_seconds(_total|_sum)?|slo:time_period:days)[{]")
_RECORDED: Final = re.compile(r"[a-z_]+:[a-z0-9_:]+")
_COUNTED: Final = re.compile(r"[a-z_]+_(total|count|bucket|sum)[{]")
_NUMBER: Final = re.compile(r"(?<![\w.])([+-]?)(\d+(?:\.\d+)?)(?=$|[ x+-])")


@cache
def binary(major: int) -> Path:
    """The promtool of that major version, fetched if need be."""
    return find("promtool", Config.from_env(os.environ), major=major).path


def complaints(promtool: Path, *arguments: str | Path) -> str:
    """What promtool says when it is not content, else nothing."""
    answer = subprocess.run(
        [promtool, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return "" if answer.returncode == 0 else answer.stdout + answer.stderr


def story(path: Path) -> dict[str, Any]:
    """The document at *path*, with the paths of its rule files absolute."""
    document = loaded(path)
    rules = [str((path.parent / file).resolve()) for file in document["rule_files"]]
    return {**document, "rule_files": rules}


def only(document: dict[str, Any], alert: str, folder: Path) -> dict[str, Any]:
    """The tests of *alert* in *document*, against the rules it needs, written to *folder*."""
    rules = folder / f"{alert}.rules.yml"
    files = [loaded(Path(file)) for file in document["rule_files"]]
    tests = [test for test in document["tests"] if subject(test) == alert]
    groups = list(needed(files, named(tests)))
    rules.write_text(yaml.safe_dump({"groups": groups}, sort_keys=False))
    return {**document, "rule_files": [str(rules)], "tests": tests}


def named(tests: list[dict[str, Any]]) -> set[str]:
    """Rules that *tests* speak of."""
    return {*map(subject, tests), *_RECORDED.findall(str(tests))}


def split(document: dict[str, Any], folder: Path) -> list[Path]:
    """A file for each alert of *document*: few rules a test, so that many tests take seconds."""
    told = []
    for alert in subjects(document):
        told.append(folder / f"{alert}.yml")
        told[-1].write_text(yaml.safe_dump(only(document, alert, folder), sort_keys=False))
    return told


def subjects(document: dict[str, Any]) -> list[str]:
    """Alerts that *document* tests, each once."""
    return list(dict.fromkeys(subject(test) for test in document["tests"]))


def subject(test: dict[str, Any]) -> str:
    """The alert that *test* is about: the first word of its name."""
    return str(test["name"].split(maxsplit=1)[0])


def needed(files: list[dict[str, Any]], wanted: set[str]) -> Iterator[dict[str, Any]]:
    """Groups with the rules *wanted* and those they read, directly or through others."""
    groups = [group for file in files for group in file["groups"]]
    rules = [rule for group in groups for rule in group["rules"]]
    known: set[str] = set()
    while wanted - known:
        known |= wanted
        texts = (_text(rule) for rule in rules if _name(rule) in known)
        wanted |= {name for text in texts for name in _RECORDED.findall(text)}
    for group in groups:
        kept = [rule for rule in group["rules"] if _name(rule) in known]
        if kept:
            yield {**group, "rules": kept}


def _text(rule: dict[str, Any]) -> str:
    return "\n".join((rule["expr"], *rule.get("annotations", {}).values()))


def _name(rule: dict[str, Any]) -> str:
    return str(rule.get("alert") or rule["record"])


@cache
def loaded(path: Path) -> dict[str, Any]:
    """The YAML at *path*, read once; nobody changes it."""
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return document


def at_demo_speed(document: dict[str, Any], *, speed: int = SPEED) -> dict[str, Any]:
    """The alerts of *document* against the demo's rules, on its clock; texts are not compared.

    Recorded values stay out: a rate is a number a second, and ten times as high there.
    """
    alerts = [test for test in document["tests"] if ":" not in subject(test)]
    return {
        "rule_files": [file.replace("/production/", "/demo/") for file in document["rule_files"]],
        "evaluation_interval": faster(document["evaluation_interval"], speed),
        "tests": [_faster_test(test, speed) for test in alerts],
    }


def faster(duration: str, speed: int) -> str:
    """*duration* divided by *speed*: 5m30s at ten is 33s."""
    return durations.duration(durations.seconds(duration) / speed)


def _faster_test(test: dict[str, Any], speed: int) -> dict[str, Any]:
    return {
        "name": test["name"],
        "interval": faster(test["interval"], speed),
        "input_series": [
            _faster_series(series, speed, _slowed(test["name"])) for series in test["input_series"]
        ],
        "promql_expr_test": [
            *(_firing(expected, speed) for expected in test.get("alert_rule_test", ())),
            *(_asked(expected, speed) for expected in test.get("promql_expr_test", ())),
        ],
    }


def _slowed(name: str) -> re.Pattern[str]:
    """Which series of the story *name* keep their pace a second."""
    return _COUNTED if name.split(maxsplit=1)[0] in SAME_RATES else _IN_SECONDS


def _faster_series(series: dict[str, str], speed: int, slowed: re.Pattern[str]) -> dict[str, str]:
    if not slowed.match(series["series"]):
        return series
    values = _NUMBER.sub(
        lambda found: f"{found[1]}{float(found[2]) / speed:g}", str(series["values"])
    )
    return {"series": series["series"], "values": values}


def _firing(expected: dict[str, Any], speed: int) -> dict[str, Any]:
    """The same expectation as a query, which needs no annotations."""
    name = expected["alertname"]
    alerts = (each["exp_labels"] for each in expected.get("exp_alerts", ()))
    return {
        "eval_time": faster(expected["eval_time"], speed),
        "expr": f'count by (job, window) (ALERTS{{alertname="{name}", alertstate="firing"}})',
        "exp_samples": list(_counted(alerts, speed)),
    }


def _counted(alerts: Iterator[dict[str, str]], speed: int) -> Iterator[dict[str, Any]]:
    counts: dict[str, int] = {}
    for labels in alerts:
        kept = {"job": labels.get("job", ""), "window": _window(labels.get("window", ""), speed)}
        chosen = ", ".join(f'{name}="{value}"' for name, value in kept.items() if value)
        counts[f"{{{chosen}}}"] = counts.get(f"{{{chosen}}}", 0) + 1
    return ({"labels": labels, "value": count} for labels, count in counts.items())


def _asked(expected: dict[str, Any], speed: int) -> dict[str, Any]:
    def windows(text: str) -> str:
        return re.sub(r'(?<=window=")[^"]+', lambda found: _window(found.group(), speed), text)

    return {
        "eval_time": faster(expected["eval_time"], speed),
        "expr": windows(expected["expr"]),
        "exp_samples": [
            {**sample, "labels": windows(sample["labels"])} for sample in expected["exp_samples"]
        ],
    }


def _window(length: str, speed: int) -> str:
    """A window as the label spells it in the demo: 1d becomes 2h24m."""
    return durations.duration(durations.seconds(length) // speed) if length else ""
