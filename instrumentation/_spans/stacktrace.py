"""Stack traces of limited size: messages are shortened first, then frames are omitted."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

from instrumentation._spans.sanitizer import truncate
from instrumentation._support.guard import qualified_name, safe_str

_MAX_CHAIN_LENGTH: Final = 64
"""Last exceptions of a chain that are shown."""

_MIN_MESSAGE_LENGTH: Final = 256
"""Characters of a message, with the type of its exception, that are always kept."""

_MARGIN: Final = 4096
"""Characters beyond the limit that are redacted, too, because a truncated secret is not found."""

_REDACTED_RATIO: Final = 4
"""Characters that are redacted, as a multiple of those that are kept."""

_FRAME_COUNTS: Final = (32, 16, 8, 4, 2)
"""Frames of one traceback that are kept at each end, tried in this order."""

_OMITTED: Final = "  [Frames omitted]\n"

_FRAME: Final = ('File "', "[Previous line repeated", _OMITTED.strip())

Redact = Callable[[str], str]


def redact_and_truncate(text: str, max_length: int, redact: Redact) -> str:
    """Return the first *max_length* characters of *text*, without secrets."""
    return truncate(redact(text[: max_length + min(_MARGIN, max_length)]), max_length)


def stacktrace(error: BaseException, max_length: int, redact: Redact) -> str:
    """Return the stack trace of *error* and its causes, without secrets.

    Messages are shortened before frames or exception types are omitted.

    Args:
        error: Last exception of its chain.
        max_length: Characters that are kept.
        redact: Replaces secrets in a text.
    """
    texts = list(_parts(error))
    share = _max_part_length(texts, max_length)
    parts = [redact_and_truncate(text, share, redact) for text in texts]
    if sum(map(len, parts)) > max_length:
        parts = _shorten_messages(parts, max_length)
    for kept in _FRAME_COUNTS:
        if sum(map(len, parts)) > max_length:
            parts = list(_omit_frames(parts, kept))
    if sum(map(len, parts)) > max_length:
        parts = _omit_middle(parts, max_length)
    return truncate("".join(parts), max_length)


def _max_part_length(texts: Sequence[str], max_length: int) -> int:
    """Return the characters of each part that are redacted, so that *max_length* bounds the time.

    Short parts are whole, and long ones share the rest.
    """
    left, lengths = _REDACTED_RATIO * max_length, sorted(map(len, texts))
    for index, length in enumerate(lengths):
        share = left // (len(lengths) - index)
        if length > share:
            return max(_MIN_MESSAGE_LENGTH, min(share, max_length))
        left -= length
    return max_length


def _parts(error: BaseException) -> Iterator[str]:
    """Yield headings, frames and messages, each as one text."""
    if _chain_length(error) <= _MAX_CHAIN_LENGTH:
        yield from traceback.TracebackException.from_exception(error, compact=True).format()
        return
    shown: list[BaseException] = []
    previous: BaseException | None = error
    while previous is not None and len(shown) < _MAX_CHAIN_LENGTH:
        shown.append(previous)
        previous = _previous(previous)
    yield f"[Earlier exceptions omitted, {_MAX_CHAIN_LENGTH} shown]\n"
    for one in reversed(shown):
        yield "\nTraceback (most recent call last):\n"
        yield from traceback.format_tb(one.__traceback__)
        # format_exception_only() would read the rest of the chain for each exception.
        yield f"{qualified_name(one)}: {safe_str(one)}\n"


def _chain_length(error: BaseException) -> int:
    length, previous = 0, error
    while length <= _MAX_CHAIN_LENGTH:
        length += 1
        earlier = _previous(previous)
        if earlier is None:
            break
        previous = earlier
    return length


def _previous(error: BaseException) -> BaseException | None:
    """Return the exception that a traceback shows before *error*."""
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _shorten_messages(parts: list[str], max_length: int) -> list[str]:
    """Truncate messages so that the frames fit; each keeps at least its type."""
    messages = [part for part in parts if not _is_frame(part)]
    frames = sum(map(len, parts)) - sum(map(len, messages))
    long = [message for message in messages if len(message) > _MIN_MESSAGE_LENGTH]
    short = sum(map(len, messages)) - sum(map(len, long))
    share = (max_length - frames - short) // max(1, len(long))
    most = max(share, _MIN_MESSAGE_LENGTH)
    return [part if _is_frame(part) else _truncate_line(part, most) for part in parts]


def _is_frame(part: str) -> bool:
    return part.lstrip(" |+").startswith(_FRAME)


def _truncate_line(message: str, most: int) -> str:
    return message if len(message) <= most else message[: most - 1] + "\n"


def _omit_frames(parts: list[str], kept: int) -> Iterator[str]:
    """Yield *parts* with *kept* frames at each end of every traceback."""
    for are_frames, group in groupby(parts, key=_is_frame):
        found = list(group)
        if are_frames and len(found) > 2 * kept + 1:
            found[kept:-kept] = [_OMITTED]
        yield from found


def _omit_middle(parts: list[str], max_length: int) -> list[str]:
    """Keep the first parts and the last ones."""
    room = max_length - len(_OMITTED)
    last = _take(parts[::-1], room * 2 // 3)[::-1]
    return [*_take(parts, room - sum(map(len, last))), _OMITTED, *last]


def _take(parts: list[str], room: int) -> list[str]:
    """Return the first *parts* that fit into *room* characters, at least a prefix of one."""
    taken = [parts[0][: max(0, room)]]
    for part in parts[1:]:
        if sum(map(len, taken)) + len(part) > room:
            break
        taken.append(part)
    return taken
