"""What the workers that are gone counted: one file, however many there were."""

import json
from collections.abc import Iterable
from typing import Final, NamedTuple

from instrumentation._scrape.merge import lasting, merged
from instrumentation._scrape.snapshot import Snapshot
from instrumentation._scrape.snapshot_json import decoded, encoded
from instrumentation._scrape.workers_folder import REMAINS, Folder
from instrumentation._support.guard import Operation

MOST_NAMES: Final = 1000
"""Of the dead that are remembered by name: more than die while one scrape runs."""

NOTHING: Final = Snapshot({}, [], {})


class Counted(NamedTuple):
    """The dead, added up."""

    names: list[str]
    """Whose words are in it, the latest last: a word of theirs that is still there counts no
    more."""
    said: Snapshot


class Remains:
    """The dead of one folder.

    The file that counts a worker replaces the one before it as a whole, and only then goes the
    worker's own word. So whoever reads the words first and the remains last, and leaves out whom
    they name, has counted everyone once, whatever happened in between and whoever died of it.

    Args:
        folder: Where the words are.
        reading: A file that is broken costs itself alone, under this; where nothing can be
            written, the words stay and are read one by one.
    """

    def __init__(self, folder: Folder, reading: Operation) -> None:
        self._folder = folder
        self._reading = reading
        self._last: tuple[tuple[int, ...], Counted] = ((), Counted([], NOTHING))

    def absorb(self, dead: Iterable[str]) -> None:
        """Add the words of *dead* and remove them, unless a sibling is at it."""
        with self._reading, self._folder.alone() as alone:
            if alone:
                self._absorb(set(dead))

    def _absorb(self, dead: set[str]) -> None:
        names, said = self.counted()
        anew = sorted(dead.difference(names))
        if anew:
            total = merged([said, *map(self.word, anew)])
            heading = json.dumps([*names, *anew][-MOST_NAMES:]).encode()
            self._folder.write(REMAINS, heading + b"\n" + encoded(total))
        self._folder.forget(dead)

    def counted(self) -> Counted:
        """The dead as they stand in the file."""
        version = self._folder.version(REMAINS)
        if version != self._last[0]:
            self._last = version, self._read()
        return self._last[1]

    def _read(self) -> Counted:
        with self._reading:
            heading, _, total = (self._folder.read(REMAINS) or b"").partition(b"\n")
            return Counted(json.loads(heading), decoded(total))
        return Counted([], NOTHING)

    def word(self, name: str) -> Snapshot:
        """What *name*, which is gone, said last, as far as that still counts."""
        text = self._folder.read(name)
        with self._reading:
            return lasting(decoded(text)) if text is not None else NOTHING
        return NOTHING
