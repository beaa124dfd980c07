"""Mutants that the tests do not kill, each with the reason."""

from typing import Final

from sightline.mixin.queries import CLIENT_ERROR

_SAME_SIGN: Final = "rate() and increase() are above 0 together, and only that is compared"

_WHOLE_SETS: Final = "unless compares whole label sets, so series without the label never match"
_OTHER_ERRORS: Final = (
    "unless compares whole label sets, so series with another error_type or none never match"
)
_HIGHEST: Final = "if any quantile is that high, the highest one, 0.99, is too"
_SAME_QUANTILE: Final = (
    "the comparison matches whole label sets, so the other side still selects the quantile"
)
_SAME_ERRORS: Final = (
    "the comparison matches whole label sets, so series with another error_type never match"
)
_WHOLE_RESTARTS: Final = (
    "restarts are whole numbers: two thirds of one less never cross the threshold of 4"
)
_ONE_BUILD: Final = "an instance of a known service has one app_build_info, that of the library"
_ZERO_AT_MOST: Final = (
    "this branch has zeros only, and the maximum over it is compared with above 0"
)
_PAIR: Final = "both Prometheus of a pair store the same value"
_SCALE: Final = "a quantile does not depend on the scale"
_PRESENCE: Final = "only its instances matter, not the values"
_TIMES_ZERO: Final = "its term is multiplied by 0, and the result is 0 in both cases"

_OTHER_SIDE: Final = (
    "the operands match on these labels, so the other one still selects service and objective"
)
_JOB: Final = 'job="gateway"'
_SLO: Final = 'slo=~"availability|latency"'
_SELECTED_TWICE: Final[dict[str, tuple[str, ...]]] = {
    "job_slo:events:rate": (f"80: {_JOB}", f"145: {_JOB}", f"252: {_JOB}"),
    "job_slo:errors:rate": (
        *(f"{place}: {_JOB}" for place in (80, 179, 320, 512, 653, 836)),
        '179: http_response_status_code=~"5.."',
        '653: http_response_status_code=~"[1-3].."',
        '653: error_type!~"(client_disconnected)?"',
        *(f"{place}: {_JOB}" for place in (163, 242, 362)),
        '242: le=~"0\\\\.5"',
    ),
    "job_slo:sli_error:ratio": (f"20: {_JOB}", f"20: {_SLO}", f"88: {_JOB}", f"88: {_SLO}"),
    "job_slo:burn_rate:ratio": (f"23: {_JOB}", f"23: {_SLO}", f"144: {_JOB}", f"144: {_SLO}"),
    "ErrorBudgetBurn 1h": (
        *(f"{place}: {_JOB}" for place in (23, 133, 222, 357)),
        *(f"{place}: {_SLO}" for place in (23, 133, 222, 357)),
        '23: window="1h"',
        '222: window="1h"',
    ),
    "ErrorBudgetExhausted": (f"43: {_JOB}", f"43: {_SLO}", f"126: {_JOB}", f"126: {_SLO}"),
    "SloDataMissing": (
        *(f"{place}: {_JOB}" for place in (170, 300, 412, 495, 530)),
        *(f"{place}: {_SLO}" for place in (170, 300, 412)),
    ),
    "job_slo:sli_error:ratio_period": (
        *(f"{place}: {_JOB}" for place in (27, 102)),
        *(f"{place}: {_SLO}" for place in (27, 102)),
    ),
    "job_slo:period_error_budget_remaining:ratio": (
        *(f"{place}: {_JOB}" for place in (34, 155)),
        *(f"{place}: {_SLO}" for place in (34, 155)),
    ),
}
"""Positions of matchers that repeat those of another operand, by rule."""

REASONS: Final[dict[tuple[str, str], str]] = {
    ("RetryStorm", "swapped 3: or to and"): (
        "a dependency without retries has ratio 0 or no ratio: neither alerts"
    ),
    ("JaegerNotReceiving", "swapped 6: rate to increase"): _SAME_SIGN,
    ("JaegerNotStoring", "swapped 5: rate to increase"): _SAME_SIGN,
    ("PrometheusNotIngestingSamples", "swapped 2: rate to increase"): _SAME_SIGN,
    ("ExemplarsMissing", "swapped 1: rate to increase"): _SAME_SIGN,
    ("JaegerNotReceiving", "swapped 2: rate to increase"): _SAME_SIGN,
    ("JaegerNotStoring", "swapped 2: rate to increase"): _SAME_SIGN,
    ("PrometheusSamplesDiscarded", "swapped 1: rate to increase"): _SAME_SIGN,
    ("PrometheusSamplesDiscarded", "swapped 2: rate to increase"): _SAME_SIGN,
    ("PrometheusSamplesDiscarded", "swapped 3: rate to increase"): _SAME_SIGN,
    ("job_instance:asyncio_event_loop_delay_seconds:quantile", "swapped 2: rate to increase"): (
        _SCALE
    ),
    ("job:otel_sdk_exporter_operation_errors:ratio", "swapped 4: sum to count"): _TIMES_ZERO,
    ("job:otel_sdk_exporter_operation_errors:ratio", "swapped 5: rate to increase"): _TIMES_ZERO,
    ("Watchdog", "constant 1: 1 to 3"): "any value fires",
    ("Watchdog", "constant 1: 1 to 0.333333"): "any value fires",
    ("SpansDropped", 'matcher dropped at 162: error_type!=""'): _WHOLE_SETS,
    ("JaegerStorageFailing", 'matcher dropped at 175: exporter=~"jaeger_storage_exporter.*"'): (
        _WHOLE_SETS
    ),
    ("PrometheusNotIngestingSamples", "swapped 3: rate to increase"): _SAME_SIGN,
    ("PrometheusNotIngestingSamples", "swapped 12: rate to increase"): _SAME_SIGN,
    ("PrometheusNotIngestingSamples", "swapped 4: sum to count"): _TIMES_ZERO,
    ("PrometheusNotIngestingSamples", "swapped 5: sum to count"): _TIMES_ZERO,
    ("PrometheusNotIngestingSamples", "swapped 14: sum to count"): _TIMES_ZERO,
    ("PrometheusNotIngestingSamples", "flipped 3: == to !="): _ZERO_AT_MOST,
    ("PrometheusNotIngestingSamples", "swapped 15: unless to and"): _ZERO_AT_MOST,
    ("PrometheusNotIngestingSamples", "swapped 16: and to unless"): _ZERO_AT_MOST,
    ("PrometheusNotIngestingSamples", "swapped 17: or to and"): _ZERO_AT_MOST,
    ("PrometheusNotIngestingSamples", "swapped 18: unless to and"): _ZERO_AT_MOST,
    ("MessageConsumerLagging", "swapped 8: sum to count"): _TIMES_ZERO,
    ("DependencyLatencyHigh", 'matcher dropped at 613: quantile="0.99"'): _HIGHEST,
    ("RpcServerLatencyHigh", 'matcher dropped at 224: quantile="0.99"'): _HIGHEST,
    ("DatabaseLatencyHigh", 'matcher dropped at 313: quantile="0.99"'): _HIGHEST,
    ("MessageProcessingSlow", 'matcher dropped at 357: quantile="0.99"'): _SAME_QUANTILE,
    ("MessageProcessingSlow", 'matcher dropped at 456: quantile="0.99"'): _SAME_QUANTILE,
    (
        "AlertmanagerMembersInconsistent",
        "swapped 2: max_over_time to min_over_time",
    ): "the series are counted, so their values do not matter",
    (
        "job:rpc_server_calls_errors:increase",
        'matcher dropped at 138: error_type!=""',
    ): _OTHER_ERRORS,
    (
        "job_db_system_name:db_client_operations_errors:increase",
        'matcher dropped at 162: error_type!=""',
    ): _OTHER_ERRORS,
    (
        "job_messaging_destination_name:messaging_process_errors:increase",
        'matcher dropped at 170: error_type!=""',
    ): _OTHER_ERRORS,
    **{
        (
            "job_server_address_server_port_rpc_system_name:client_calls_errors:increase",
            f"matcher dropped at {place}: {CLIENT_ERROR}",
        ): _OTHER_ERRORS
        for place in (332, 1052)
    },
    (
        "job_instance:http_server_errors:rate",
        'matcher dropped at 174: http_response_status_code=~"5.."',
    ): "unless compares whole label sets, so series with another status never match",
    ("WorkersKilled", 'matcher dropped at 37: error_type="killed"'): _SAME_ERRORS,
    ("WorkersKilled", 'matcher dropped at 102: error_type="killed"'): _SAME_ERRORS,
    ("WorkersKilled", 'matcher dropped at 172: error_type="killed"'): _SAME_ERRORS,
    ("WorkersKilled", 'matcher dropped at 250: error_type="killed"'): _SAME_ERRORS,
    ("ServiceRestarting", "constant 1: 1 to 0.333333"): _WHOLE_RESTARTS,
    ("ServiceRestarting", "constant 1: 1 to 3"): (
        "the other branch has the same restarts, and is above the threshold by itself"
    ),
    ("ServiceRestarting", "swapped 15: max to min"): _PAIR,
    ("ServiceRestarting", "constant 3: 1 to 0.333333"): _WHOLE_RESTARTS,
    ("ServiceRestarting", 'matcher dropped at 284: python_version!=""'): _ONE_BUILD,
    ("ServiceRestarting", 'matcher dropped at 614: python_version!=""'): _ONE_BUILD,
    (
        "job:http_server_request_duration_seconds:significant_p99",
        "swapped 3: avg_over_time to sum_over_time",
    ): _SCALE,
    (
        "job:http_server_request_duration_seconds:significant_p99",
        "swapped 8: avg_over_time to sum_over_time",
    ): _SCALE,
    (
        "job_http_route:http_server_request_duration_seconds:significant_p99",
        "swapped 3: avg_over_time to sum_over_time",
    ): _SCALE,
    ("job_instance:rpc_server_calls:sum", "swapped 1: sum to count"): _PRESENCE,
    ("job_instance:db_client_operations:sum", "swapped 1: sum to count"): _PRESENCE,
    ("job_instance:messaging_process:sum", "swapped 1: sum to count"): _PRESENCE,
    **{
        (rule, f"matcher dropped at {place}"): _OTHER_SIDE
        for rule, places in _SELECTED_TWICE.items()
        for place in places
    },
}
"""Reason for a survivor, by rule and change."""
