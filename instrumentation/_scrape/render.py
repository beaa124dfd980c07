"""A snapshot as text, quickly: what stays the same in a histogram is written once.

Histograms are nearly all of a scrape. Their lines are put together here; all else is left to
prometheus_client.
"""

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any, Final, NamedTuple

from prometheus_client import exposition as text_format
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as open_metrics
from prometheus_client.samples import Exemplar, Sample
from prometheus_client.utils import floatToGoString

from instrumentation._scrape.pauses import with_pauses
from instrumentation._scrape.snapshot import Family, Series, Snapshot, escaped, printable

PLAIN: Final = b"text/plain; version=0.0.4; charset=utf-8"
"""Media type of the text format; older prometheus_clients do not spell it."""

END: Final = b"# EOF\n"
"""How OpenMetrics ends."""


class Starts(NamedTuple):
    """How the lines of one label set start."""

    of_buckets: tuple[str, ...]
    of_count: str
    of_sum: str


class Renderer:
    """Writes snapshots; remembers how lines start from one to the next.

    Args:
        take: Gives the snapshot to write.
    """

    def __init__(self, take: Callable[[], Snapshot]) -> None:
        self._take = take
        self._starts: dict[tuple[str, tuple[float, ...]], dict[str, Starts]] = {}
        """By name and bounds of the family, then by labels."""

    def page(self, exemplars: bool) -> tuple[bytes, bytes]:  # noqa: FBT001  passed through a thread
        """Content type and body: OpenMetrics with *exemplars*, or the text format."""
        if exemplars:
            return open_metrics.CONTENT_TYPE_LATEST.encode(), self.open_metrics()
        return PLAIN, self.text()

    def text(self) -> bytes:
        """The text format 0.0.4: what every scraper reads."""
        taken = self._take()
        rest = _generated(text_format.generate_latest, taken.others)
        return b"".join((rest, *self._histograms(taken, exemplars=False)))

    def open_metrics(self) -> bytes:
        """OpenMetrics 1.0, with exemplars."""
        taken = self._take()
        rest = _generated(open_metrics.generate_latest, taken.others)
        return b"".join((rest.removesuffix(END), *self._histograms(taken, exemplars=True), END))

    def _histograms(self, taken: Snapshot, *, exemplars: bool) -> Iterator[bytes]:
        for name, family in taken.histograms.items():
            help_text = escaped(printable(family.help), quotes=False)
            yield f"# HELP {name} {help_text}\n# TYPE {name} histogram\n".encode()
            starts = self._known(name, family)
            for labels, series in with_pauses(family.series.items()):
                yield _lines(starts[labels], series, exemplars=exemplars).encode()

    def _known(self, name: str, family: Family) -> dict[str, Starts]:
        """How lines start, of the label sets that *family* has now."""
        key = (name, tuple(family.bounds))
        known = self._starts.get(key, {})
        starts = {
            labels: known.get(labels) or _starts(name, labels, family.bounds)
            for labels in family.series
        }
        self._starts[key] = starts
        return starts


def _starts(name: str, labels: str, bounds: list[float]) -> Starts:
    separator = "," if labels else ""
    ends = (floatToGoString(bound) for bound in bounds)  # type: ignore[no-untyped-call]  # theirs has no types
    braced = f"{{{labels}}}" if labels else ""
    return Starts(
        tuple(f'{name}_bucket{{{labels}{separator}le="{end}"}} ' for end in ends),
        f"{name}_count{braced} ",
        f"{name}_sum{braced} ",
    )


def _lines(starts: Starts, series: Series, *, exemplars: bool) -> str:
    totals = list(accumulate(series.counts))
    if exemplars and series.examples:
        both = zip(starts.of_buckets, totals, series.examples, strict=True)
        lines = [f"{start}{total}{shown[1] if shown else ''}\n" for start, total, shown in both]
    else:
        lines = [
            f"{start}{total}\n" for start, total in zip(starts.of_buckets, totals, strict=True)
        ]
    lines.append(f"{starts.of_count}{totals[-1]}\n{starts.of_sum}{floatToGoString(series.sum)}\n")  # type: ignore[no-untyped-call]  # as above
    return "".join(lines)


def _generated(generate: Callable[[Any], bytes], metrics: list[Metric]) -> bytes:
    """What *generate* of prometheus_client writes of *metrics*, whatever their labels are."""
    try:
        return generate(_Collected(metrics))
    except UnicodeEncodeError:
        return generate(_Collected([_printable(metric) for metric in metrics]))


class _Collected:
    """What prometheus_client wants of a registry."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """All families."""
        return iter(self._metrics)


def _printable(metric: Metric) -> Metric:
    cleaned = Metric(metric.name, printable(metric.documentation), metric.type, metric.unit)
    cleaned.samples = [
        Sample(one.name, _labels(one.labels), one.value, one.timestamp, _exemplar(one.exemplar))
        for one in metric.samples
    ]
    return cleaned


def _labels(labels: dict[str, str]) -> dict[str, str]:
    return {name: printable(value) for name, value in labels.items()}


def _exemplar(exemplar: Exemplar | None) -> Exemplar | None:
    return exemplar and Exemplar(_labels(exemplar.labels), exemplar.value, exemplar.timestamp)
