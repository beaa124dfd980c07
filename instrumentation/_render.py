"""The samples of a registry as text, quickly: what stays the same in a histogram is written once.

Histograms are nearly all of a scrape. Their lines are put together here; all else is left to
prometheus_client. Series of creation times are left out: they double the counters, unread.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client import exposition as text_format
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as open_metrics
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

END: Final = "# EOF\n"
"""How OpenMetrics ends."""

Prefixes = tuple[str, ...]
Shown = dict[str, tuple[Exemplar, str]]
"""By the start of a line its exemplar and how that is written; most stay from scrape to scrape."""


class Renderer:
    """Writes registries; remembers what the series are called from scrape to scrape.

    A family that several registries have, as every process has ``process_cpu_seconds``, is the
    first one's.
    """

    def __init__(self, *registries: CollectorRegistry) -> None:
        self._registries = registries
        self._prefixes: WeakKeyDictionary[Any, Prefixes] = WeakKeyDictionary()
        self._exemplars: Shown = {}

    def text(self) -> bytes:
        """The text format 0.0.4: what every scraper reads."""
        histograms, others = self._collectors()
        lines = self._lines(histograms, exemplars=False)
        return text_format.generate_latest(_Collected(others)) + "".join(lines).encode()

    def open_metrics(self) -> bytes:
        """OpenMetrics 1.0, with exemplars."""
        histograms, others = self._collectors()
        rest: bytes = open_metrics.generate_latest(_Collected(others))  # type: ignore[no-untyped-call]  # theirs has no types
        lines = self._lines(histograms, exemplars=True)
        return rest.removesuffix(END.encode()) + "".join(lines).encode() + END.encode()

    def _collectors(self) -> tuple[list[Histogram], list[Collector]]:
        """Histograms whose values are in this process, and everything else."""
        collectors: list[Collector] = []
        for registry in self._registries:
            with registry._lock:  # noqa: SLF001  the registry has no public list
                collectors += registry._collector_to_names  # noqa: SLF001  as above
        histograms = {
            found._name: found  # noqa: SLF001  as above
            for found in reversed(collectors)
            if type(found) is Histogram
        }
        others = [found for found in collectors if type(found) is not Histogram]
        return list(reversed(histograms.values())), others

    def _lines(self, histograms: Iterable[Histogram], *, exemplars: bool) -> list[str]:
        lines: list[str] = []
        for family in histograms:
            name = family._name  # noqa: SLF001  see _histogram.py
            text = _escaped(family._documentation, quotes=False)  # noqa: SLF001  as above
            lines.append(f"# HELP {name} {text}\n# TYPE {name} histogram\n")
            for child in _children(family):
                prefixes = self._prefixes.get(child)
                if prefixes is None:
                    prefixes = self._prefixes[child] = _prefixes(child)
                _add_samples(lines, child, prefixes, self._exemplars if exemplars else None)
        return lines


class _Collected:
    """What prometheus_client wants of a registry: families, without creation times."""

    def __init__(self, collectors: list[Collector]) -> None:
        self._collectors = collectors

    def collect(self) -> Iterator[Metric]:
        """All families, each once."""
        seen: set[str] = set()
        for collector in self._collectors:
            for metric in collector.collect():
                if metric.name in seen:
                    continue
                seen.add(metric.name)
                metric.samples = [
                    sample for sample in metric.samples if not sample.name.endswith("_created")
                ]
                yield metric


def _children(family: Histogram) -> list[Any]:
    if not family._labelnames:  # noqa: SLF001  as above
        return [family]
    with family._lock:  # noqa: SLF001  as above
        return list(family._metrics.values())  # noqa: SLF001  as above


def _prefixes(child: Any) -> Prefixes:  # noqa: ANN401  a child of prometheus_client
    """The start of each line of *child*: buckets, then count, then sum."""
    pairs = zip(child._labelnames, child._labelvalues, strict=True)  # noqa: SLF001  as above
    labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(pairs))
    separator = "," if labels else ""
    bounds = (floatToGoString(bound) for bound in child._upper_bounds)  # type: ignore[no-untyped-call]  # noqa: SLF001  as above
    braced = f"{{{labels}}}" if labels else ""
    return (
        *(f'{child._name}_bucket{{{labels}{separator}le="{bound}"}} ' for bound in bounds),  # noqa: SLF001  as above
        f"{child._name}_count{braced} ",  # noqa: SLF001  as above
        f"{child._name}_sum{braced} ",  # noqa: SLF001  as above
    )


def _add_samples(
    lines: list[str],
    child: Any,  # noqa: ANN401  as above
    prefixes: Prefixes,
    shown: Shown | None,
) -> None:
    """Append the lines of *child*; reading a float needs no lock, and so no request waits.

    Args:
        lines: Gets them.
        child: Of a histogram.
        prefixes: How its lines start.
        shown: Texts of exemplars that have been written before; None: without exemplars.
    """
    total = 0.0
    for prefix, bucket in zip(prefixes, child._buckets, strict=False):  # noqa: SLF001  as above
        total += bucket._value  # noqa: SLF001  as above
        exemplar = None if shown is None else getattr(bucket, "_exemplar", None)
        if shown is None or exemplar is None:
            lines.append(f"{prefix}{total}\n")
            continue
        known = shown.get(prefix)
        if known is None or known[0] is not exemplar:
            known = shown[prefix] = exemplar, _shown(exemplar)
        lines.append(f"{prefix}{total}{known[1]}\n")
    lines.append(f"{prefixes[-2]}{total}\n")
    lines.append(f"{prefixes[-1]}{floatToGoString(child._sum.get())}\n")  # type: ignore[no-untyped-call]  # noqa: SLF001  as above


def _shown(exemplar: Exemplar) -> str:
    labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in exemplar.labels.items())
    return f" # {{{labels}}} {exemplar.value} {exemplar.timestamp}"


def _escaped(value: str, *, quotes: bool = True) -> str:
    text = value.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quotes else text
