"""Snapshots as lines of JSON: the workers' wire and file format."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Exemplar, Sample

from instrumentation._scrape.pauses import with_pauses
from instrumentation._scrape.snapshot import Family, Series, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SERIES_PER_LINE: Final = 16
"""Bounds the time for which encoding or parsing one line holds the GIL."""


def encode(snapshot: Snapshot) -> bytes:
    """Return *snapshot* as a line for everything but histograms, then lines of histogram series."""
    others = [
        [
            [metric.name, metric.documentation, metric.type, metric.unit],
            [
                [sample.name, sample.labels, sample.value, sample.exemplar]
                for sample in metric.samples
            ],
        ]
        for metric in snapshot.others
    ]
    return b"\n".join(
        (_line([others, snapshot.modes]), *map(_line, with_pauses(_chunks(snapshot.histograms))))
    )


def _chunks(histograms: Mapping[str, Family]) -> Iterator[list[Any]]:
    """Yield the families in chunks of a few series."""
    for name, (help_text, bounds, series) in histograms.items():
        rest = iter(series.items())
        while chunk := dict(islice(rest, SERIES_PER_LINE)):
            yield [name, help_text, bounds, chunk]


def _line(content: list[Any]) -> bytes:
    return json.dumps(content, default=float).encode()


def decode(text: bytes) -> Snapshot:
    """Parse the output of `encode`.

    Raises:
        ValueError: *text* is truncated or in another format.
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
    family.series.update({labels: Series(*fields) for labels, fields in series.items()})


def _metric(fields: list[str], samples: list[Any]) -> Metric:
    metric = Metric(*fields)
    metric.samples = [
        Sample(name, labels, value, None, Exemplar(*exemplar) if exemplar else None)
        for name, labels, value, exemplar in samples
    ]
    return metric
