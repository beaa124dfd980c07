"""Metrics of other programs that rules and dashboards read; ours are in `conventions`.

A contract test rejects queries with a metric that is in neither table.
"""

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType
from typing import Final

PROMETHEUS_ITSELF: Final = (
    *("ALERTS", "ALERTS_FOR_STATE", "up"),
    *("scrape_duration_seconds", "scrape_samples_post_metric_relabeling", "scrape_series_added"),
    *("scrape_samples_scraped", "target_info"),
)
"""Written by Prometheus for each target and alert. Source: "Automatically generated labels and
time series" in its documentation; `ALERTS_FOR_STATE`: rules/alerting.go; `target_info`: "Using
Prometheus as your OpenTelemetry backend"."""

PYTHON_CLIENT: Final = (
    *("process_cpu_seconds_total", "process_max_fds", "process_open_fds"),
    *("process_resident_memory_bytes", "process_start_time_seconds"),
    *("python_gc_collections_total", "python_gc_objects_uncollectable_total"),
)
"""Source: prometheus/client_python, process_collector.py and gc_collector.py."""

PROMETHEUS: Final = (
    "prometheus_config_last_reload_successful",
    "prometheus_engine_query_duration_seconds",
    "prometheus_notifications_alertmanagers_discovered",
    "prometheus_notifications_errors_total",
    "prometheus_notifications_latency_seconds",
    "prometheus_notifications_queue_capacity",
    "prometheus_notifications_queue_length",
    "prometheus_notifications_sent_total",
    "prometheus_remote_storage_highest_timestamp_in_seconds",
    "prometheus_remote_storage_queue_highest_sent_timestamp_seconds",
    "prometheus_remote_storage_samples_failed_total",
    "prometheus_remote_storage_samples_total",
    "prometheus_rule_evaluation_failures_total",
    "prometheus_rule_group_interval_seconds",
    "prometheus_rule_group_iterations_missed_total",
    "prometheus_rule_group_last_duration_seconds",
    "prometheus_sd_refresh_failures_total",
    "prometheus_target_scrape_pool_exceeded_label_limits_total",
    "prometheus_target_scrape_pool_exceeded_target_limit_total",
    "prometheus_target_scrapes_exceeded_body_size_limit_total",
    "prometheus_target_scrapes_exceeded_sample_limit_total",
    "prometheus_target_scrapes_sample_duplicate_timestamp_total",
    "prometheus_target_scrapes_sample_out_of_bounds_total",
    "prometheus_target_scrapes_sample_out_of_order_total",
    "prometheus_target_sync_failed_total",
    "prometheus_template_text_expansion_failures_total",
    "prometheus_tsdb_compactions_failed_total",
    "prometheus_tsdb_exemplar_exemplars_appended_total",
    "prometheus_tsdb_head_samples_appended_total",
    "prometheus_tsdb_head_series",
    "prometheus_tsdb_retention_limit_bytes",
    "prometheus_tsdb_retention_limit_seconds",
    "prometheus_tsdb_storage_blocks_bytes",
    "prometheus_tsdb_wal_corruptions_total",
)
"""Source: GET /metrics of Prometheus 2.42 and 3.5."""

ALERTMANAGER: Final = (
    *("alertmanager_alerts", "alertmanager_silences"),
    *("alertmanager_build_info", "alertmanager_cluster_members"),
    "alertmanager_config_last_reload_successful",
    *("alertmanager_notifications_failed_total", "alertmanager_notifications_total"),
)
"""Source: GET /metrics of Alertmanager 0.25 and 0.33."""

THANOS: Final = ("thanos_sidecar_prometheus_up",)
"""Source: thanos-io/thanos, cmd/thanos/sidecar.go."""

JAEGER: Final = (
    *("jaeger_storage_latency_seconds_bucket", "jaeger_storage_requests_total"),
    *("otelcol_receiver_accepted_spans_total", "otelcol_receiver_refused_spans_total"),
    *("otelcol_exporter_sent_spans_total", "otelcol_exporter_send_failed_spans_total"),
    "otelcol_process_memory_rss_bytes",
    "otelcol_processor_tail_sampling_count_traces_sampled_total",
)
"""Source: port 8888 of Jaeger 2.20. The trace store uses the same names."""

SOURCES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Prometheus, for each target": PROMETHEUS_ITSELF,
        "prometheus_client": PYTHON_CLIENT,
        "Prometheus": PROMETHEUS,
        "Alertmanager": ALERTMANAGER,
        "Thanos": THANOS,
        "Jaeger": JAEGER,
    }
)
"""Metrics by emitter."""

NAMES: Final = frozenset(chain.from_iterable(SOURCES.values()))
"""Names of all metrics of other programs."""
