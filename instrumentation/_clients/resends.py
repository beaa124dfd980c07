"""Mark of outgoing calls that repeat an earlier one.

Source: semantic conventions, ``http.request.resend_count``.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry.context import attach, detach, get_value, set_value

from instrumentation._support.opentelemetry_access import RESENDS_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def resend_count(count: int) -> Iterator[None]:
    """Mark the HTTP calls in the block as the repetition *count* of an earlier call.

    Their spans have the attribute ``http.request.resend_count``, and they are counted in
    ``http_client_request_resends_total``. Other threads and processes are not affected.

    Args:
        count: 1 for the first repetition; 0 for a call that repeats none, which has no mark.
    """
    token = attach(set_value(RESENDS_KEY, count))
    try:
        yield
    finally:
        detach(token)


def current_resend_count() -> int:
    """Return the count of the innermost block; 0 outside of one."""
    count = get_value(RESENDS_KEY)
    return count if isinstance(count, int) else 0
