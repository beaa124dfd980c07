"""Mutants that no story can kill, or need not, each with the reason."""

from typing import Final

_SAME_SIGN: Final = "rate() and increase() are above 0 together, and only that is compared"
_TWELVE_HOURS: Final = (
    "only half a day of history tells it from the original; the mutants of the shorter windows, "
    "whose arithmetic is the same, are killed"
)

REASONS: Final[dict[tuple[str, str], str]] = {
    ("RetryStorm", "swapped 3: or to and"): (
        "a dependency without retries has ratio 0 or no ratio: neither alerts"
    ),
    ("JaegerNotReceiving", "swapped 6: rate to increase"): _SAME_SIGN,
    ("JaegerNotStoring", "swapped 5: rate to increase"): _SAME_SIGN,
    ("PrometheusNotIngestingSamples", "swapped 2: rate to increase"): _SAME_SIGN,
    ("ExemplarsMissing", "swapped 1: rate to increase"): _SAME_SIGN,
    ("Watchdog", "constant 1: 1 to 3"): "any value fires",
    ("Watchdog", "constant 1: 1 to 0.333333"): "any value fires",
    ("SpansDropped", 'matcher dropped at 223: error_type!=""'): (
        "unless compares whole label sets, so series without the label never match"
    ),
    ("ErrorBudgetBurn 3d", "constant 1: 1 to 0.333333"): _TWELVE_HOURS,
    ("ErrorBudgetBurn 3d", "constant 2: 1 to 0.333333"): _TWELVE_HOURS,
    ("ErrorBudgetBurn 3d", 'matcher dropped at 74: window="6h"'): _TWELVE_HOURS,
}
"""Why the mutant (rule, what was done to it) may live."""
