"""Random ids, whatever the service does to the ``random`` module."""

from functools import partial
from random import Random

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from instrumentation._support.fork import in_child


class RandomIds(RandomIdGenerator):
    """Ids from a source of their own: a service that seeds ``random`` would repeat its ids.

    Zero, which is no id, is not looked for: it comes once in 2**64.
    """

    def __init__(self) -> None:
        self._source = Random()  # noqa: S311  ids are no secret
        self.generate_trace_id = partial(self._source.getrandbits, 128)  # type: ignore[method-assign]  # called for every request
        self.generate_span_id = partial(self._source.getrandbits, 64)  # type: ignore[method-assign]  # as above
        in_child(self._source_anew)

    def _source_anew(self) -> None:
        """A child must not repeat its parent's."""
        self._source.seed()
