"""Errors of objectives with the line of the document that defines them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sightline.mixin.slo.document import Fields
from sightline.mixin.slo.objective import ObjectiveError


@contextmanager
def located(fields: Fields) -> Iterator[None]:
    """Add file and line of *fields* to an error of an objective that is created inside."""
    try:
        yield
    except ObjectiveError as error:
        raise fields.problem(error.key, str(error)) from error
