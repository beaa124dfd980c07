"""Unit tests of rules, `prometheus/tests/*.yml`, run by promtool for both profiles.

The files are written for the production profile. The demo profile is ten times faster: times,
intervals and values in seconds are divided by ten, except for the age of an outbox and of a list of
the registry, which are compared with a constant. Counters of events are not divided, except in
tests of alerts that compare a rate per second with a constant, because that rate is equal in both.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from sightline.artifacts import PROMETHEUS
from sightline.binaries import find
from sightline.config import Config
from sightline.grafana import durations

FOLDER: Final = PROMETHEUS / "tests"
FILES: Final = sorted(FOLDER.glob("*.yml"))
PRODUCTION_ONLY: Final = {
    *("recorded_calls", "recorded_latency", "recorded_operations", "recording", "watchdog"),
}
"""Files without a faster version: recorded values, and the alert that depends on the repeat
interval of Alertmanager, which is equal in both profiles."""

SAME_RATES: Final = {
    "ExemplarsMissing",
    "HttpServerRequestsStuck",
    "HttpServerTrafficDropped",
    "MessageConsumerLagging",
    "PrometheusRemoteWriteBehind",
    "ServiceAbsent",
    "TracesMissing",
}
"""Alerts that compare a rate with a constant number of events per second."""

SPEED: Final = 10
_IN_SECONDS: Final = re.compile(
    r"(?!outbox_oldest_age_|service_registry_list_age_)([a-z_]+_seconds(_total|_sum)?|job_slo:time_period:days)[{]"
)
_RECORDED: Final = re.compile(r"[a-z_]+:[a-z0-9_:]+")
_READ_ALERT: Final = re.compile(r'ALERTS[{]alertname="(\w+)"')
_COUNTED: Final = re.compile(r"[a-z_]+_(total|count|bucket|sum)[{]")
_NUMBER: Final = re.compile(r"(?<![\w.])([+-]?)(\d+(?:\.\d+)?)(?=$|[ x+-])")


def stories() -> list[tuple[str, str]]:
    """Return the file, without suffix, and the name of every tested alert and recorded series."""
    return [(path.stem, subject) for path in FILES for subject in subjects(loaded(path))]


@cache
def binary(major: int) -> Path:
    """Return the path of promtool in that major version. Fetch it if it is missing."""
    return find("promtool", Config.from_env(os.environ), major=major).path


def complaints(promtool: Path, *arguments: str | Path) -> str:
    """Return the output of promtool if it failed, else an empty string."""
    answer = subprocess.run(
        [promtool, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return "" if answer.returncode == 0 else answer.stdout + answer.stderr


def story(path: Path) -> dict[str, Any]:
    """Return the document at *path* with absolute paths of its rule files."""
    document = loaded(path)
    rules = [str((path.parent / file).resolve()) for file in document["rule_files"]]
    return {**document, "rule_files": rules}


def only(document: dict[str, Any], alert: str, folder: Path) -> dict[str, Any]:
    """Return the tests of *alert* in *document*, with a rule file in *folder* for them alone.

    The groups are evaluated in the order of *document*, or else in theirs. promtool would take a
    random one.
    """
    rules = folder / f"{alert}.rules.yml"
    files = [loaded(Path(file)) for file in document["rule_files"]]
    tests = [test for test in document["tests"] if subject(test) == alert]
    groups = list(needed(files, named(tests), text=str(tests)))
    rules.write_text(yaml.safe_dump({"groups": groups}, sort_keys=False))
    order = [group["name"] for group in groups]
    return {"group_eval_order": order, **document, "rule_files": [str(rules)], "tests": tests}


def named(tests: list[dict[str, Any]]) -> set[str]:
    """Return the names of the rules in *tests*."""
    return {*map(subject, tests), *_RECORDED.findall(str(tests))}


def failure(major: int, document: dict[str, Any], alert: str, folder: Path) -> str:
    """Return the output of promtool if a test of *alert* in *document* fails, else an empty string.

    Fewer rules make promtool faster, so it loads only those that the tests read.
    """
    file = folder / f"{alert}.yml"
    file.write_text(yaml.safe_dump(only(document, alert, folder), sort_keys=False))
    return complaints(binary(major), "test", "rules", file)


def subjects(document: dict[str, Any]) -> list[str]:
    """Return the tested alerts of *document* without duplicates."""
    return list(dict.fromkeys(subject(test) for test in document["tests"]))


def subject(test: dict[str, Any]) -> str:
    """Return the alert of *test*: the first word of its name."""
    return str(test["name"].split(maxsplit=1)[0])


def needed(files: list[dict[str, Any]], wanted: set[str], *, text: str) -> Iterator[dict[str, Any]]:
    """Yield groups with the rules *wanted* and their direct and indirect inputs.

    Rules of one service are left out if *text*, the tests, does not name it.
    """
    groups = [group for file in files for group in file["groups"]]
    rules = [rule for group in groups for rule in group["rules"]]
    known: set[str] = set()
    while wanted - known:
        known |= wanted
        texts = [_text(rule) for rule in rules if _name(rule) in known]
        wanted |= {name for text in texts for name in _RECORDED.findall(text)}
        wanted |= {name for text in texts for name in _READ_ALERT.findall(text)}
    for group in groups:
        kept = [
            rule
            for rule in group["rules"]
            if _name(rule) in known and rule.get("labels", {}).get("job", "") in text
        ]
        if kept:
            yield {**group, "rules": kept}


def _text(rule: dict[str, Any]) -> str:
    return "\n".join((rule["expr"], *rule.get("annotations", {}).values()))


def _name(rule: dict[str, Any]) -> str:
    return str(rule.get("alert") or rule["record"])


@cache
def loaded(path: Path) -> dict[str, Any]:
    """Return the YAML document at *path*. It is cached and must not be modified."""
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return document


def rules(profile: str) -> Iterator[dict[str, Any]]:
    """Yield every committed rule of *profile*, with those of the demo's objectives."""
    for file in sorted(PROMETHEUS.rglob(f"rules/{profile}/*.yml")):
        for group in loaded(file)["groups"]:
            yield from group["rules"]


def at_demo_speed(document: dict[str, Any], *, speed: int = SPEED) -> dict[str, Any]:
    """Return the tests of alerts for the demo profile. Annotations are not compared.

    Tests of recorded values are left out: rates per second are ten times higher in the demo.
    """
    alerts = [test for test in document["tests"] if ":" not in subject(test)]
    return {
        **document,
        "rule_files": [
            file.replace("/tests/rules/", "/rules/").replace("/production/", "/demo/")
            for file in document["rule_files"]
        ],
        "evaluation_interval": faster(document["evaluation_interval"], speed),
        "tests": [_faster_test(test, speed) for test in alerts],
    }


def faster(duration: str, speed: int) -> str:
    """Return *duration* divided by *speed*: 5m30s at ten is 33s."""
    return durations.duration(durations.seconds(duration) / speed)


def _faster_test(test: dict[str, Any], speed: int) -> dict[str, Any]:
    return {
        "name": test["name"],
        "interval": faster(test["interval"], speed),
        "input_series": [
            _faster_series(series, speed, _constant_rates(test["name"]))
            for series in test["input_series"]
        ],
        "promql_expr_test": [
            *(_alert_query(expected, speed) for expected in test.get("alert_rule_test", ())),
            *(_query_test(expected, speed) for expected in test.get("promql_expr_test", ())),
        ],
    }


def _constant_rates(name: str) -> re.Pattern[str]:
    """Return a pattern of the series whose rate per second is equal in both profiles."""
    return _COUNTED if name.split(maxsplit=1)[0] in SAME_RATES else _IN_SECONDS


def _faster_series(series: dict[str, str], speed: int, constant: re.Pattern[str]) -> dict[str, str]:
    if not constant.match(series["series"]):
        return series
    values = _NUMBER.sub(
        lambda match: f"{match[1]}{float(match[2]) / speed:g}", str(series["values"])
    )
    return {"series": series["series"], "values": values}


def _alert_query(expected: dict[str, Any], speed: int) -> dict[str, Any]:
    """Return the expectation as a query, which has no annotations."""
    name = expected["alertname"]
    alerts = (each["exp_labels"] for each in expected.get("exp_alerts", ()))
    return {
        "eval_time": faster(expected["eval_time"], speed),
        "expr": f'count by (job, window) (ALERTS{{alertname="{name}", alertstate="firing"}})',
        "exp_samples": list(_count_alerts(alerts, speed)),
    }


def _count_alerts(alerts: Iterator[dict[str, str]], speed: int) -> Iterator[dict[str, Any]]:
    counts: dict[str, int] = {}
    for labels in alerts:
        kept = {"job": labels.get("job", ""), "window": _window(labels.get("window", ""), speed)}
        selector = ", ".join(f'{name}="{value}"' for name, value in kept.items() if value)
        counts[f"{{{selector}}}"] = counts.get(f"{{{selector}}}", 0) + 1
    return ({"labels": labels, "value": count} for labels, count in counts.items())


def _query_test(expected: dict[str, Any], speed: int) -> dict[str, Any]:
    def windows(text: str) -> str:
        return re.sub(r'(?<=window=")[^"]+', lambda match: _window(match.group(), speed), text)

    return {
        "eval_time": faster(expected["eval_time"], speed),
        "expr": windows(expected["expr"]),
        "exp_samples": [
            {**sample, "labels": windows(sample["labels"])} for sample in expected["exp_samples"]
        ],
    }


def _window(length: str, speed: int) -> str:
    """Return a window as the value of the label in the demo profile: 1d becomes 2h24m."""
    return durations.duration(durations.seconds(length) // speed) if length else ""
