"""Stack traces of a bounded size: messages are cut before frames, frames in the middle first."""

import traceback
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final

from instrumentation._spans.attributes import cut
from instrumentation._support.guard import described, qualified_name

_LONGEST_CHAIN: Final = 64
"""Exceptions of a chain that are shown: the last ones."""

_SHORTEST_MESSAGE: Final = 256
"""Characters of a message that are kept, with the type of its exception, however many follow."""

_MARGIN: Final = 4096
"""Characters after the end of a text that are read, so that no secret is cut before it is seen."""

_FRAMES_KEPT: Final = (32, 16, 8, 4, 2)
"""Frames of one traceback that are kept at each end, until all are short enough."""

_OMITTED: Final = "  [Frames omitted]\n"

_FRAME: Final = ('File "', "[Previous line repeated", _OMITTED.strip())

Redact = Callable[[str], str]


def redacted_and_cut(text: str, longest: int, redact: Redact) -> str:
    """Return at most *longest* characters of *text*, without its secrets."""
    return cut(redact(text[: longest + _MARGIN]), longest)


def stacktrace(error: BaseException, longest: int, redact: Redact) -> str:
    """Return the stack trace of *error* and its causes, without the secrets in it.

    Frames and the types of all exceptions are kept as long as there is room for them.

    Args:
        error: The last exception of its chain.
        longest: Characters that are kept.
        redact: Replaces secrets in a text.
    """
    parts = [redacted_and_cut(part, longest, redact) for part in _parts(error)]
    if sum(map(len, parts)) > longest:
        parts = _with_short_messages(parts, longest)
    for kept in _FRAMES_KEPT:
        if sum(map(len, parts)) > longest:
            parts = list(_with_fewer_frames(parts, kept))
    if sum(map(len, parts)) > longest:
        parts = _without_middle(parts, longest)
    return cut("".join(parts), longest)


def _parts(error: BaseException) -> Iterator[str]:
    """Yield heads, frames and messages, each as one text."""
    if _chain_length(error) <= _LONGEST_CHAIN:
        yield from traceback.TracebackException.from_exception(error, compact=True).format()
        return
    shown: list[BaseException] = []
    before: BaseException | None = error
    while before is not None and len(shown) < _LONGEST_CHAIN:
        shown.append(before)
        before = _before(before)
    yield f"[Earlier exceptions omitted, {_LONGEST_CHAIN} shown]\n"
    for one in reversed(shown):
        yield "\nTraceback (most recent call last):\n"
        yield from traceback.format_tb(one.__traceback__)
        # Not format_exception_only(), which reads the rest of the chain again and again.
        yield f"{qualified_name(one)}: {described(one)}\n"


def _chain_length(error: BaseException) -> int:
    length, before = 0, error
    while length <= _LONGEST_CHAIN:
        length += 1
        earlier = _before(before)
        if earlier is None:
            break
        before = earlier
    return length


def _before(error: BaseException) -> BaseException | None:
    """Return the exception that is shown before *error*."""
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _with_short_messages(parts: list[str], longest: int) -> list[str]:
    """Cut messages so that the frames fit; each keeps at least its type."""
    messages = [part for part in parts if not _is_frame(part)]
    frames = sum(map(len, parts)) - sum(map(len, messages))
    long = [message for message in messages if len(message) > _SHORTEST_MESSAGE]
    short = sum(map(len, messages)) - sum(map(len, long))
    share = (longest - frames - short) // max(1, len(long))
    most = max(share, _SHORTEST_MESSAGE)
    return [part if _is_frame(part) else _cut_line(part, most) for part in parts]


def _is_frame(part: str) -> bool:
    return part.lstrip(" |+").startswith(_FRAME)


def _cut_line(message: str, most: int) -> str:
    return message if len(message) <= most else message[: most - 1] + "\n"


def _with_fewer_frames(parts: list[str], kept: int) -> Iterator[str]:
    """Yield *parts* with *kept* frames at each end of a traceback, as Python shows a recursion."""
    for are_frames, group in groupby(parts, key=_is_frame):
        found = list(group)
        if are_frames and len(found) > 2 * kept + 1:
            found[kept:-kept] = [_OMITTED]
        yield from found


def _without_middle(parts: list[str], longest: int) -> list[str]:
    """Keep the first parts and the last ones."""
    room = longest - len(_OMITTED)
    last = _taken(parts[::-1], room * 2 // 3)[::-1]
    return [*_taken(parts, room - sum(map(len, last))), _OMITTED, *last]


def _taken(parts: list[str], room: int) -> list[str]:
    """Return the first of *parts* for which there is room, at least the beginning of one."""
    taken = [parts[0][: max(0, room)]]
    for part in parts[1:]:
        if sum(map(len, taken)) + len(part) > room:
            break
        taken.append(part)
    return taken
