"""Samples of recording rules, as if the rules had run for a day."""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sightline.binaries import find
from sightline.config import Config

Series = Mapping[str, Any]
"""Series of an instant query: ``metric`` with its labels, and ``value`` with time and value."""

RECENT_SECONDS: Final = 20 * 60
"""Time with a sample at every evaluation. Dashboards show fifteen minutes."""
RECENT_STEP_SECONDS: Final = 30
LONG_SECONDS: Final = 25 * 3600
LONG_STEP_SECONDS: Final = 300
NO_TARGET: Final = {"instance": "", "job": ""}
"""Labels that keep those of a target away from results without them."""
_LONG: Final = re.compile(r"([a-z_]+:[a-z0-9_:]+)(?:\{[^}]*\})?\[\d+[hd]")
"""Recorded series that a rule reads over hours or days."""


def named(rule: Mapping[str, Any], found: Iterable[Series]) -> list[Series]:
    """Return the series that *rule* records, of which *found* are the values."""
    labels = {"__name__": rule["record"], **rule.get("labels", {})}
    return [{**one, "metric": {**one["metric"], **labels}} for one in found]


def recent(series: Iterable[Series], *, end: int) -> str:
    """Return the recent samples of *series* as the text of a scrape."""
    times = range(end - RECENT_SECONDS, end, RECENT_STEP_SECONDS)
    return "".join(line for one in series for line in _lines(one, times, unit=1000))


def backfill(
    folder: Path, series: Sequence[Series], *, targets: Iterable[Series], rules: str, end: int
) -> None:
    """Write blocks with older samples of *series* into the data of *folder*.

    Args:
        folder: Working directory of Prometheus.
        series: Recorded series. Those that no rule reads over hours have no older samples.
        targets: Series that have samples until *end*.
        rules: Text of the rules.
        end: Unix seconds of the last sample.
    """
    long = set(_LONG.findall(rules))
    times = range(end - LONG_SECONDS, end - RECENT_SECONDS, LONG_STEP_SECONDS)
    samples = folder / "history.txt"
    with samples.open("w", encoding="utf-8") as file:
        for one in series:
            if one["metric"]["__name__"] in long:
                file.writelines(_lines(one, times))
        for one in targets:
            file.writelines(_lines(one, range(end - RECENT_SECONDS, end, RECENT_STEP_SECONDS)))
        file.write("# EOF\n")
    promtool = find("promtool", Config.from_env(os.environ)).path
    command = ("tsdb", "create-blocks-from", "--max-block-duration=54h", "openmetrics", "--quiet")
    subprocess.run([promtool, *command, samples, folder / "data"], check=True)
    samples.unlink()


def _lines(series: Series, times: Iterable[int], *, unit: int = 1) -> Iterator[str]:
    labels = {**NO_TARGET, **series["metric"]}
    name = labels.pop("__name__")
    text = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return (f"{name}{{{text}}} {series['value'][1]} {seconds * unit}\n" for seconds in times)
