"""A snapshot as lines of JSON: what one worker tells another, and what it leaves behind."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Exemplar, Sample

from instrumentation._scrape.pauses import with_pauses
from instrumentation._scrape.snapshot import Family, Series, Snapshot

TOGETHER: Final = 16
"""Series of a line: what is written or read in one go."""


def encoded(said: Snapshot) -> bytes:
    """*said*: a line for all that are no histograms, then one for each few series."""
    others = [
        [
            [metric.name, metric.documentation, metric.type, metric.unit],
            [[one.name, one.labels, one.value, one.exemplar] for one in metric.samples],
        ]
        for metric in said.others
    ]
    return b"\n".join(
        (_line([others, said.modes]), *map(_line, with_pauses(_parts(said.histograms))))
    )


def _parts(histograms: Mapping[str, Family]) -> Iterator[list[Any]]:
    """Each family, a few series at a time."""
    for name, (help_text, bounds, series) in histograms.items():
        rest = iter(series.items())
        while part := dict(islice(rest, TOGETHER)):
            yield [name, help_text, bounds, part]


def _line(found: list[Any]) -> bytes:
    return json.dumps(found, default=float).encode()


def decoded(text: bytes) -> Snapshot:
    """What `encoded` was given.

    Raises:
        ValueError: *text* is none of ours, or not whole.
    """
    first, *lines = text.split(b"\n")
    histograms: dict[str, Family] = {}
    try:
        others, modes = json.loads(first)
        metrics = [_metric(*metric) for metric in others]
        for line in with_pauses(lines):
            _add(histograms, *json.loads(line))
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not a snapshot: {text[:80]!r}") from error
    return Snapshot(histograms, metrics, modes)


def _add(
    histograms: dict[str, Family],
    name: str,
    help_text: str,
    bounds: list[float],
    series: dict[str, Any],
) -> None:
    family = histograms.setdefault(name, Family(help_text, bounds, {}))
    family.series.update({labels: Series(*one) for labels, one in series.items()})


def _metric(facts: list[str], samples: list[Any]) -> Metric:
    metric = Metric(*facts)
    metric.samples = [
        Sample(name, labels, value, None, Exemplar(*exemplar) if exemplar else None)
        for name, labels, value, exemplar in samples
    ]
    return metric
