"""What watching costs a chunk of a streamed answer, export included."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from tests.benchmarks.cpu import Cost, called, measured
from tests.benchmarks.rows import Row
from tests.benchmarks.services import CHUNKS

ROUNDS: Final = 9
RESPONSES: Final = 40
"""In a round; then what waits is exported."""

streamed = partial(called, service="stream", requests=RESPONSES)


def rows() -> Iterator[Row]:
    """The figure for the table."""
    variants = ("bare", "ours", "native", "contrib+PFI")
    costs = measured({variant: streamed(variant) for variant in variants}, rounds=ROUNDS)
    bare = costs["bare"].microseconds

    def shown(cost: Cost) -> str:
        ratio, spans = cost.microseconds / bare, round(cost.spans / RESPONSES)
        return f"{ratio:.2f}, {spans} span{'' if spans == 1 else 's'}"

    yield Row(
        figure=f"CPU of a streamed answer of {CHUNKS} chunks (ratio to bare)",
        goal="≤ 1.2, 1 span",
        ours=shown(costs["ours"]),
        peer=f"native {shown(costs['native'])}; contrib+PFI {shown(costs['contrib+PFI'])}",
    )
