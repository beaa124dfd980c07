"""Faults in objects of the library, with the proof that they took effect.

An injected fault is the only reason for a test's result. If its target was renamed, the test would
pass without a fault. `injected` fails instead.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from prometheus_client import CollectorRegistry

ERRORS = "sightline_internal_errors"

Place = tuple[object, str]
"""Object and the name of its attribute."""


def raise_fault(*_arguments: object, **_options: object) -> None:
    """Raise an error of the library."""
    raise LookupError("our own fault")


class Broken:
    """Object whose every use raises."""

    __getattr__ = __call__ = __getitem__ = raise_fault


BROKEN = Broken()


def internal_errors(registry: CollectorRegistry, operation: str = "") -> float:
    """Return the count of internal errors, of *operation* or of all operations."""
    return sum(
        sample.value
        for family in registry.collect()
        if family.name == ERRORS
        for sample in family.samples
        if sample.name == f"{ERRORS}_total"
        if operation in {"", sample.labels["operation"]}
    )


@contextmanager
def injected(
    registry: CollectorRegistry, *places: Place, fault: object = BROKEN, operation: str = ""
) -> Iterator[None]:
    """Replace the attributes *places* by *fault* for the block.

    Args:
        registry: Registry that counts the internal errors.
        places: Attributes that exist.
        fault: Value that makes the library fail.
        operation: Operation whose errors are counted; all operations when left out.

    Raises:
        AttributeError: An attribute does not exist.
        AssertionError: The block counted no internal error.
    """
    before = internal_errors(registry, operation)
    with ExitStack() as replaced:
        for owner, name in places:
            replaced.callback(partial(setattr, owner, name, getattr(owner, name)))
            setattr(owner, name, fault)
        yield
    targets = [f"{type(owner).__name__}.{name}" for owner, name in places]
    after = internal_errors(registry, operation)
    assert after > before, f"a fault in {targets} had no effect: no internal error was counted"
