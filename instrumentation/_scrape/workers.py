"""Several workers behind one port: a scrape of one answers for all.

The children of one server share a folder (``workers_folder.py``). Each listens there on a Unix
socket and sends its counts to its siblings. Before it sends a count, it writes it to a file, so
that an exited worker still counts and no total decreases. The files of exited workers are added up
in one (``workers_remains.py``).
"""

import os
import socket
import time
from contextlib import suppress
from threading import Thread
from typing import Final, NamedTuple

from instrumentation._scrape.merge import merged
from instrumentation._scrape.snapshot import Samples, Snapshot
from instrumentation._scrape.snapshot_json import decoded, encoded
from instrumentation._scrape.workers_answers import END, answers
from instrumentation._scrape.workers_folder import Folder, gone, worker
from instrumentation._scrape.workers_remains import NOTHING, Remains
from instrumentation._support.fork import new_lock
from instrumentation._support.guard import Guard

ANSWER_SECONDS: Final = 1.0
"""Longest the siblings are waited for; one that is busy longer counts with what it said last."""

PAUSE_SECONDS: Final = 0.1
"""Until siblings are looked for again, when the process has no descriptor for one."""

MOST_WAITING: Final = 16
"""Siblings that may wait to be answered: a stopped process is not to work off hours of scrapes."""


class _Word(NamedTuple):
    """The content of this worker's file."""

    number: int
    own: Snapshot
    text: bytes


class Workers:
    """This worker among its siblings.

    Args:
        samples: What this worker counts.
        folder: Where the siblings meet.
        guard: Keeps failures of this from the service.

    Raises:
        OSError: It cannot be there for them.
    """

    def __init__(self, samples: Samples, folder: Folder, guard: Guard) -> None:
        self._samples = samples
        self._folder = folder
        self._name = worker(os.getpid())
        self._answering = guard.operation("workers_answer")
        self._asking = guard.operation("workers_ask")
        self._remains = Remains(folder, self._asking)
        self._telling = new_lock()
        self._last = _Word(0, NOTHING, b"")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(folder.address(self._name))
        self._socket.listen(MOST_WAITING)
        Thread(target=self._serve, name="sightline-workers", daemon=True).start()

    def _serve(self) -> None:
        with self._asking:  # now, for there may be many of them when the next scrape comes
            self._remains.absorb(filter(gone, self._folder.workers()))
        while (sibling := self._accepted()) is not None:
            with self._answering, sibling, suppress(OSError):
                sibling.settimeout(ANSWER_SECONDS)
                sibling.sendall(self._told()[1] + END)

    def _accepted(self) -> socket.socket | None:
        """The next sibling that asks; None: nobody is to be told any more."""
        while self._socket.fileno() >= 0:
            try:
                return self._socket.accept()[0]
            except OSError:  # closed, or no descriptor is left for now
                time.sleep(PAUSE_SECONDS)
        return None

    def _told(self) -> tuple[Snapshot, bytes]:
        """Return what this worker counts now, once that is written to its file.

        Each word is taken after the word before it was written, so no total goes back. The samples
        are taken without a lock, because collectors of the service run meanwhile. A thread that
        another one overtakes tries again, or takes a word that was begun after its own call.
        """
        called_after = self._last.number
        while (last := self._last).number < called_after + 2:
            own = self._samples.snapshot()
            word = _Word(last.number + 1, own, encoded(own))
            if self._written(word):
                return own, word.text
        return last.own, last.text

    def _written(self, word: "_Word") -> bool:
        """Write *word*, unless another one took its number."""
        with self._answering:  # a full disk is no reason not to answer
            with self._telling:
                if self._last.number != word.number - 1:
                    return False
                self._last = word
                self._folder.write(self._name, word.text)
            return True
        return True

    def snapshot(self) -> Snapshot:
        """What all workers counted, the dead ones too."""
        own, _ = self._told()
        with self._asking:
            return merged([own, *self._others()])
        return own

    def _others(self) -> list[Snapshot]:
        siblings = self._folder.workers() - {self._name}
        dead = set(filter(gone, siblings))
        if dead:
            self._remains.absorb(dead)
        said = {name: self._remains.word(name) for name in dead}
        addresses = {name: self._folder.address(name) for name in siblings - dead}
        heard = answers(addresses, within_seconds=ANSWER_SECONDS)
        said |= {name: self._understood(name, heard.get(name)) for name in addresses}
        counted = self._remains.counted()  # last: see there
        return [counted.said, *(word for name, word in said.items() if name not in counted.names)]

    def _understood(self, name: str, answer: bytes | None) -> Snapshot:
        """What *name* answered or, when it did not, what it said last."""
        word = answer or self._folder.read(name)
        with self._asking:
            return decoded(word) if word is not None else NOTHING
        return NOTHING

    def close(self) -> None:
        """Stop listening, and leave the last word for the siblings."""
        with suppress(OSError):  # not everywhere can this be said of a socket that listens
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes who waits for siblings
        self._socket.close()
        self._told()
