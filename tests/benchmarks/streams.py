"""CPU of a streamed response, including the export, as a ratio to the bare service."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from tests.benchmarks.cpu import Cost, direct_case, measure
from tests.benchmarks.rows import Row
from tests.benchmarks.services import CHUNKS

ROUNDS: Final = 9
RESPONSES: Final = 40
"""Responses per round. The queue is flushed after each round."""

stream_case = partial(direct_case, service="stream", requests=RESPONSES)


def rows() -> Iterator[Row]:
    """Yield the row of the table."""
    variants = ("bare", "ours", "native", "contrib+PFI")
    costs = measure({variant: stream_case(variant) for variant in variants}, rounds=ROUNDS)
    bare = costs["bare"].microseconds

    def describe(cost: Cost) -> str:
        ratio, spans = cost.microseconds / bare, round(cost.spans / RESPONSES)
        return f"{ratio:.2f}, {spans} span{'' if spans == 1 else 's'}"

    yield Row(
        figure=f"CPU of a streamed answer of {CHUNKS} chunks (ratio to bare)",
        goal="≤ 1.2, 1 span",
        ours=describe(costs["ours"]),
        peer=f"native {describe(costs['native'])}; contrib+PFI {describe(costs['contrib+PFI'])}",
    )
