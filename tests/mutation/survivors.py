"""Mutants that the tests do not kill, each with the reason."""

from typing import Final

_SAME_SIGN: Final = "rate() and increase() are above 0 together, and only that is compared"
_TWELVE_HOURS: Final = (
    "a test needs half a day of samples to tell it from the original; the mutants of the shorter "
    "windows, whose arithmetic is equal, are killed"
)

_TIMES_ZERO: Final = "its term is multiplied by 0, and the result is 0 in both cases"
_WITH_ERRORS: Final = (
    "this service has errors, so no value is filled in; the same rule of users, which has none, "
    "is tested to record 0"
)

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
        "a quantile does not depend on the scale"
    ),
    ("job:otel_sdk_exporter_operation_errors:ratio", "swapped 4: sum to count"): _TIMES_ZERO,
    ("job:otel_sdk_exporter_operation_errors:ratio", "swapped 5: rate to increase"): _TIMES_ZERO,
    ("slo:errors:rate", "swapped 3: or to and"): _WITH_ERRORS,
    ("slo:errors:rate", "swapped 5: or to and"): _WITH_ERRORS,
    ("slo:errors:rate", "swapped 4: sum to count"): _TIMES_ZERO,
    ("slo:errors:rate", "swapped 5: rate to increase"): _TIMES_ZERO,
    ("slo:errors:rate", "swapped 6: sum to count"): _TIMES_ZERO,
    ("slo:errors:rate", "swapped 7: rate to increase"): _TIMES_ZERO,
    ("slo:errors:rate", 'matcher dropped at 168: job="gateway"'): _TIMES_ZERO,
    ("slo:errors:rate", 'matcher dropped at 220: job="gateway"'): _TIMES_ZERO,
    ("slo:errors:rate", 'matcher dropped at 167: job="orders"'): _TIMES_ZERO,
    ("slo:errors:rate", 'matcher dropped at 166: job="users"'): _TIMES_ZERO,
    ("Watchdog", "constant 1: 1 to 3"): "any value fires",
    ("Watchdog", "constant 1: 1 to 0.333333"): "any value fires",
    ("SpansDropped", 'matcher dropped at 223: error_type!=""'): (
        "unless compares whole label sets, so series without the label never match"
    ),
    ("ErrorBudgetBurn 3d", "constant 1: 1 to 0.333333"): _TWELVE_HOURS,
    ("ErrorBudgetBurn 3d", "constant 2: 1 to 0.333333"): _TWELVE_HOURS,
    ("ErrorBudgetBurn 3d", 'matcher dropped at 74: window="6h"'): _TWELVE_HOURS,
}
"""Reason for a survivor, by rule and change."""
