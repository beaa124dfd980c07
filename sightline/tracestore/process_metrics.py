"""Metrics of the process, under their usual names and under those of the collector."""

import time
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector


class ProcessMetrics(Collector):
    """Memory, CPU time and uptime; without `/proc`, uptime alone."""

    def __init__(self) -> None:
        self._started = time.time()
        self._process = ProcessCollector(registry=None)

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        families = list(self._process.collect())
        yield from families
        values = {sample.name: sample.value for family in families for sample in family.samples}
        if memory := values.get("process_resident_memory_bytes"):
            yield GaugeMetricFamily("otelcol_process_memory_rss_bytes", "Memory.", memory)
        if cpu := values.get("process_cpu_seconds_total"):
            yield CounterMetricFamily("otelcol_process_cpu_seconds", "CPU time.", cpu)
        uptime = time.time() - self._started
        yield CounterMetricFamily("otelcol_process_uptime_seconds", "Uptime.", uptime)
