"""Random ids that are independent of the global ``random`` module."""

from functools import partial
from random import Random

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from instrumentation._support.fork import register_after_fork


class RandomIds(RandomIdGenerator):
    """Generator with its own random source, because a service that seeds ``random`` repeats ids.

    The invalid id zero is not excluded: its probability is 2**-64.
    """

    def __init__(self) -> None:
        self._source = Random()  # noqa: S311  ids are no secret
        self.generate_trace_id = partial(self._source.getrandbits, 128)  # type: ignore[method-assign]  # called for every request
        self.generate_span_id = partial(self._source.getrandbits, 64)  # type: ignore[method-assign]  # as above
        register_after_fork(self._reseed)

    def _reseed(self) -> None:
        """Seed again in a forked child, which would repeat the ids of its parent."""
        self._source.seed()
