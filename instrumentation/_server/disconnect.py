"""Requests whose client left before it had the response. They are no failures of the service."""

from __future__ import annotations

import sys
from asyncio import CancelledError
from collections.abc import Coroutine, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from instrumentation._support.event_loop import in_trio

if TYPE_CHECKING:
    from instrumentation._support.asgi_types import Message, Receive, Send

DISCONNECT: Final = "http.disconnect"

WITH_BODY: Final = frozenset({"PATCH", "POST", "PUT"})
"""Methods whose requests have a body even without ``Content-Length``."""

MAX_MESSAGES: Final = 64
"""Unread parts of a body that may precede a disconnect."""

_BODY_HEADERS: Final = frozenset({b"content-length", b"transfer-encoding"})


class Disconnect(NamedTuple):
    """Disconnect that the service received instead of the next part of a request."""

    answered: bool
    """True when the response had started."""
    upload_broken: bool
    """True when a part of the body was missing: the service cannot have handled the request."""


def expects_body(scope: Mapping[str, Any]) -> bool:
    """Return true when the request of *scope* has a body."""
    return scope["method"] in WITH_BODY or any(
        name in _BODY_HEADERS and value != b"0" for name, value in scope["headers"]
    )


def is_cancellation(error: BaseException) -> bool:
    """Return true when asyncio or trio cancelled the task of the request."""
    trio: Any = sys.modules.get("trio")
    return isinstance(error, CancelledError) or (
        trio is not None and isinstance(error, trio.Cancelled)
    )


def is_disconnect(error: BaseException, send: Send, receive: Receive) -> bool:
    """Return true when *error* only tells that the client left.

    An `OSError` does so if the server raised it: one of the service, like a refused connection to
    its database, is a failure. Source: ASGI, "Disconnected client".

    Args:
        error: Exception of the app.
        send: The server's.
        receive: The server's.
    """
    if isinstance(error, BaseExceptionGroup):
        return all(is_disconnect(each, send, receive) for each in error.exceptions)
    if isinstance(error, OSError):
        return was_raised_in(send, error)
    if is_cancellation(error):
        return has_disconnected(receive)
    requests: Any = sys.modules.get("starlette.requests")
    return requests is not None and isinstance(error, requests.ClientDisconnect)


def was_raised_in(send: Send, error: BaseException) -> bool:
    """Return true when the traceback of *error* leads through the function *send*."""
    code = getattr(getattr(send, "__func__", send), "__code__", None)
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code is code:
            return True
        traceback = traceback.tb_next
    return False


def has_disconnected(receive: Receive) -> bool:
    """Return true when *receive* has a disconnect for the app, without waiting for one.

    A canceled task cannot wait. Under trio the result is always false, because a step of its
    coroutines outside of its scheduler would corrupt its state.
    """
    if in_trio():
        return False
    return any(message["type"] == DISCONNECT for message in _ready_messages(receive))


def _ready_messages(receive: Receive) -> Iterator[Message]:
    """Yield the messages that *receive* returns at once, up to a disconnect."""
    for _ in range(MAX_MESSAGES):
        coroutine = receive()
        if not isinstance(coroutine, Coroutine):
            return
        try:
            coroutine.send(None)
        except StopIteration as returned:
            yield returned.value
        else:
            coroutine.close()
            return
