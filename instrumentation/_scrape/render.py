"""Text formats of a snapshot, with the constant part of histogram lines cached.

Histograms are most of a scrape. Their lines are written here; everything else is written by
prometheus_client.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prometheus_client import exposition as text_format
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as open_metrics
from prometheus_client.samples import Exemplar, Sample

from instrumentation._scrape.pauses import with_pauses
from instrumentation._scrape.snapshot import Family, Series, Snapshot, escape, make_encodable
from instrumentation._support.prometheus_client_access import format_float

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEXT_CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
"""Media type of the text format, which older releases of prometheus_client do not define."""

EOF: Final = b"# EOF\n"
"""Last line of OpenMetrics."""


class LinePrefixes(NamedTuple):
    """Constant part, up to the value, of the lines of one label set."""

    bucket_lines: tuple[str, ...]
    count_line: str
    sum_line: str


class Renderer:
    """Writer of snapshots, which caches line prefixes between scrapes.

    Args:
        take_snapshot: Returns the snapshot to write.
    """

    def __init__(self, take_snapshot: Callable[[], Snapshot]) -> None:
        self._take_snapshot = take_snapshot
        self._cache: dict[tuple[str, tuple[float, ...]], dict[str, LinePrefixes]] = {}
        """By name and bounds of the family, then by labels."""

    def page(self, *, exemplars: bool) -> tuple[bytes, bytes]:
        """Return content type and body: OpenMetrics with *exemplars*, else the text format."""
        if exemplars:
            return open_metrics.CONTENT_TYPE_LATEST.encode(), self.open_metrics()
        return TEXT_CONTENT_TYPE, self.text()

    def text(self) -> bytes:
        """Return the text format 0.0.4, which every scraper reads."""
        snapshot = self._take_snapshot()
        others = _generate(text_format.generate_latest, snapshot.others)
        return b"".join((others, *self._histograms(snapshot, exemplars=False)))

    def open_metrics(self) -> bytes:
        """Return OpenMetrics 1.0, with exemplars."""
        snapshot = self._take_snapshot()
        others = _generate(open_metrics.generate_latest, snapshot.others).removesuffix(EOF)
        return b"".join((others, *self._histograms(snapshot, exemplars=True), EOF))

    def _histograms(self, snapshot: Snapshot, *, exemplars: bool) -> Iterator[bytes]:
        for name, family in snapshot.histograms.items():
            help_text = escape(make_encodable(family.help), quotes=False)
            yield f"# HELP {name} {help_text}\n# TYPE {name} histogram\n".encode()
            prefixes = self._prefixes(name, family)
            for labels, series in with_pauses(family.series.items()):
                yield _lines(prefixes[labels], series, exemplars=exemplars).encode()

    def _prefixes(self, name: str, family: Family) -> dict[str, LinePrefixes]:
        """Return the line prefixes of *family* by labels, and forget those of removed series."""
        key = (name, tuple(family.bounds))
        cached = self._cache.get(key, {})
        prefixes = {
            labels: cached.get(labels) or _line_prefixes(name, labels, family.bounds)
            for labels in family.series
        }
        self._cache[key] = prefixes
        return prefixes


def _line_prefixes(name: str, labels: str, bounds: list[float]) -> LinePrefixes:
    separator = "," if labels else ""
    ends = map(format_float, bounds)
    braced = f"{{{labels}}}" if labels else ""
    return LinePrefixes(
        tuple(f'{name}_bucket{{{labels}{separator}le="{end}"}} ' for end in ends),
        f"{name}_count{braced} ",
        f"{name}_sum{braced} ",
    )


def _lines(prefixes: LinePrefixes, series: Series, *, exemplars: bool) -> str:
    totals = list(accumulate(series.counts))
    if exemplars and series.exemplars:
        buckets = zip(prefixes.bucket_lines, totals, series.exemplars, strict=True)
        lines = [
            f"{prefix}{total}{exemplar[1] if exemplar else ''}\n"
            for prefix, total, exemplar in buckets
        ]
    else:
        lines = [
            f"{prefix}{total}\n"
            for prefix, total in zip(prefixes.bucket_lines, totals, strict=True)
        ]
    total = format_float(series.sum)
    lines.append(f"{prefixes.count_line}{totals[-1]}\n{prefixes.sum_line}{total}\n")
    return "".join(lines)


def _generate(generate: Callable[[Any], bytes], metrics: list[Metric]) -> bytes:
    """Write *metrics* by *generate* of prometheus_client, with lone surrogates escaped."""
    try:
        return generate(_MetricList(metrics))
    except UnicodeEncodeError:
        return generate(_MetricList([_encodable_metric(metric) for metric in metrics]))


class _MetricList:
    """Minimal registry that ``generate_latest()`` of prometheus_client accepts."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Iterate over all families."""
        return iter(self._metrics)


def _encodable_metric(metric: Metric) -> Metric:
    cleaned = Metric(metric.name, make_encodable(metric.documentation), metric.type, metric.unit)
    cleaned.samples = [
        Sample(
            sample.name,
            _encodable_labels(sample.labels),
            sample.value,
            sample.timestamp,
            _encodable_exemplar(sample.exemplar),
        )
        for sample in metric.samples
    ]
    return cleaned


def _encodable_labels(labels: dict[str, str]) -> dict[str, str]:
    return {name: make_encodable(value) for name, value in labels.items()}


def _encodable_exemplar(exemplar: Exemplar | None) -> Exemplar | None:
    return exemplar and Exemplar(
        _encodable_labels(exemplar.labels), exemplar.value, exemplar.timestamp
    )
