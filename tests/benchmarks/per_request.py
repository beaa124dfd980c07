"""CPU per request, including the export, as a ratio to the bare service."""

from collections.abc import Iterator
from typing import Final

from tests.benchmarks.cpu import direct_case, measure
from tests.benchmarks.rows import Row
from tests.benchmarks.variants import TENTH

CASES: Final = {
    "bare": direct_case("bare"),
    "ours": direct_case("ours"),
    "native": direct_case("native"),
    "contrib+PFI": direct_case("contrib+PFI"),
    "metrics": direct_case("metrics"),
    "PFI": direct_case("PFI"),
    "unsampled": direct_case("ours", parent="unsampled"),
    "native unsampled": direct_case("native", parent="unsampled"),
    "tenth": direct_case("ours", environ=TENTH),
    "native tenth": direct_case("native", environ=TENTH),
    "bare of 50": direct_case("bare", service="fifty"),
    "ours of 50": direct_case("ours", service="fifty"),
    "contrib+PFI of 50": direct_case("contrib+PFI", service="fifty"),
}


def rows() -> Iterator[Row]:
    """Yield the rows of the table."""
    cpu = microseconds(*CASES)
    bare, added = cpu["bare"], cpu["ours"] - cpu["bare"]
    heaviest = cpu["contrib+PFI"] - bare

    def ratio(name: str) -> str:
        return f"{cpu[name] / bare:.2f}"

    def growth(name: str) -> str:
        at_50 = cpu[f"{name} of 50"] - cpu["bare of 50"]
        return f"{at_50 / (cpu[name] - bare):.2f}"

    yield Row(
        figure="CPU a request: traces, metrics, exemplars, export (ratio to bare)",
        goal="≤ 1.35",
        ours=ratio("ours"),
        peer=f"native, no metrics {ratio('native')}; contrib+PFI {ratio('contrib+PFI')}",
    )
    yield Row(
        figure="added CPU, ours to contrib+PFI",
        goal="≤ 1/12",
        ours=f"1/{heaviest / added:.1f} ({added:.0f} µs)",
        peer=f"1 ({heaviest:.0f} µs)",
    )
    yield Row(
        figure="metrics only (ratio to bare)",
        goal="≤ 1.05",
        ours=ratio("metrics"),
        peer=f"PFI {ratio('PFI')}",
    )
    for name, words, goal in (
        ("unsampled", "unsampled parent", "≤ 1.10"),
        ("tenth", "10 % sampled", "≤ 1.15"),
    ):
        yield Row(
            figure=f"{words} (ratio to bare)",
            goal=goal,
            ours=ratio(name),
            peer=f"native, no metrics {ratio(f'native {name}')}",
        )
    yield Row(
        figure="added CPU at 50 routes to added CPU at 1",
        goal="≤ 1.1",
        ours=growth("ours"),
        peer=f"contrib+PFI {growth('contrib+PFI')}",
    )


def microseconds(*names: str) -> dict[str, float]:
    """Measure the CPU per request of the cases *names*."""
    costs = measure({name: CASES[name] for name in names})
    return {name: cost.microseconds for name, cost in costs.items()}
