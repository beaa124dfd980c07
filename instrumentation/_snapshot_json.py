"""A snapshot as JSON: what one worker tells another, and what it leaves behind."""

import json
from typing import Any

from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Exemplar, Sample

from instrumentation._snapshot import Family, Series, Snapshot


def encoded(said: Snapshot) -> bytes:
    """*said* as one line of JSON."""
    others = [
        [
            [metric.name, metric.documentation, metric.type, metric.unit],
            [[one.name, one.labels, one.value, one.exemplar] for one in metric.samples],
        ]
        for metric in said.others
    ]
    return json.dumps([said.histograms, others], default=float).encode()


def decoded(text: bytes) -> Snapshot:
    """What `encoded` was given.

    Raises:
        ValueError: *text* is none of ours, or not whole.
    """
    try:
        histograms, others = json.loads(text)
        return Snapshot(
            {name: _family(*family) for name, family in histograms.items()},
            [_metric(*metric) for metric in others],
        )
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not a snapshot: {text[:80]!r}") from error


def _family(help_text: str, bounds: list[float], series: dict[str, Any]) -> Family:
    return Family(help_text, bounds, {labels: Series(*one) for labels, one in series.items()})


def _metric(facts: list[str], samples: list[Any]) -> Metric:
    metric = Metric(*facts)
    metric.samples = [
        Sample(name, labels, value, None, Exemplar(*exemplar) if exemplar else None)
        for name, labels, value, exemplar in samples
    ]
    return metric
