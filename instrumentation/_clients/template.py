"""Template of the URLs of outgoing calls, which names their spans."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry.context import attach, detach, get_value, set_value

from instrumentation._support.opentelemetry_access import TEMPLATE_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def url_template(template: str) -> Iterator[None]:
    """Name the spans of HTTP calls in the block by *template*, like ``/orders/{order_id}``.

    Use a template with few values: it becomes a part of the name of each span, and the attribute
    ``url.template``. Other threads and processes are not affected.
    """
    token = attach(set_value(TEMPLATE_KEY, template))
    try:
        yield
    finally:
        detach(token)


def current_template() -> str:
    """Return the template of the innermost block; empty outside of one."""
    return str(get_value(TEMPLATE_KEY) or "")
