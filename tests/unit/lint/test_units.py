"""Quantities inferred from the names of metrics."""

import pytest

from sightline.lint.promql import tree
from sightline.lint.units import Measure, measure

BUCKETS = "rate(http_server_request_duration_seconds_bucket[5m])"

EXPRESSIONS = {
    "process_resident_memory_bytes": Measure.BYTES,
    "sum by (job) (process_resident_memory_bytes)": Measure.BYTES,
    "rate(process_network_receive_bytes_total[5m])": Measure.BYTES_PER_SECOND,
    "rate(process_cpu_seconds_total[5m])": Measure.SECONDS_PER_SECOND,
    "sum(rate(http_server_request_duration_seconds_count[5m]))": Measure.PER_SECOND,
    "increase(requests_total[1h])": Measure.COUNT,
    f"histogram_quantile(0.9, sum by (le) ({BUCKETS}))": Measure.SECONDS,
    f"histogram_quantile(0.9, sum by (le) ({BUCKETS})) >= 0": Measure.SECONDS,
    "time() - process_start_time_seconds": Measure.SECONDS,
    "count(up == 0) or vector(0)": Measure.COUNT,
    "rate(errors_total[5m]) / (rate(requests_total[5m]) > 0)": Measure.RATIO,
    "1 - job_slo:sli_error:ratio_period": None,
    "job:http_server_errors:ratio": Measure.RATIO,
    "job:http_server_requests:rate": Measure.PER_SECOND,
    "job:http_server_request_duration_seconds:quantile": Measure.SECONDS,
    "job_instance:process_cpu_seconds:rate": Measure.SECONDS_PER_SECOND,
    "http_server_active_requests": Measure.COUNT,
    "something_unknown": None,
    "100 * rate(errors_total[5m]) / rate(requests_total[5m])": None,
}


@pytest.mark.parametrize(("expr", "expected"), EXPRESSIONS.items(), ids=list(EXPRESSIONS))
def test_a_measure_is_inferred_from_names(expr: str, expected: Measure | None) -> None:
    assert measure(tree(expr)) is expected
