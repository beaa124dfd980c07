"""Several workers behind one port: whichever is scraped answers for all of them.

A worker that has siblings, the children of one uvicorn or gunicorn, listens on a Unix socket in a
folder that they share and tells its samples to who connects. The one that is scraped asks the
others, adds up, and remembers what it heard: a worker that has died keeps counting with what
Prometheus last saw of it, so that no total ever goes back. The folder is named after the parent
and its start, and goes when that is gone.
"""

import contextlib
import json
import multiprocessing
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Final

from prometheus_client import CollectorRegistry

from instrumentation._guard import Operation

Snapshot = list[Any]
"""Families as JSON: name, type, help and samples (name, labels, value, exemplar)."""

ANSWER_SECONDS: Final = 1.0
"""Longest a sibling is waited for; one that is busy longer counts with what it said last."""


def has_siblings() -> bool:
    """Whether a server started this process as one of its workers."""
    if multiprocessing.parent_process() is not None:  # uvicorn --workers
        return True
    return "gunicorn" in os.environ.get("SERVER_SOFTWARE", "")


class Workers:
    """This worker among its siblings.

    Args:
        registry: What this worker counts.
        joining: Keeps it from us, but not from the log, when the siblings cannot meet.
        folder: Where the siblings meet; that of the parent when left out.
    """

    def __init__(
        self, registry: CollectorRegistry, joining: Operation, folder: Path | None = None
    ) -> None:
        self._registry = registry
        self._joining = joining
        self._given = folder
        self._folder = Path()
        self._socket: socket.socket | None = None
        self._process = 0
        self._lock = Lock()

    def join(self) -> None:
        """Be there for the siblings; again after a fork, for sockets are not inherited twice."""
        with self._lock, self._joining:
            self._join()

    def _join(self) -> None:
        if self._process == os.getpid():
            return
        self._process = os.getpid()
        self._folder = self._given or _folder_of(os.getppid())
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self._folder / f"{self._process}.sock"))
        listening.listen()
        self._socket = listening
        serving = Thread(
            target=self._serve, args=(listening,), name="sightline-workers", daemon=True
        )
        serving.start()

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                sibling, _ = listening.accept()
            except OSError:  # closed
                return
            with sibling, contextlib.suppress(OSError):
                sibling.sendall(json.dumps(snapshot(self._registry)).encode())

    def snapshots(self) -> list[Snapshot]:
        """What every worker counted, the dead ones too."""
        self.join()
        own = snapshot(self._registry)
        self._leave_word(own)
        return [own, *self._others()]

    def _others(self) -> Iterator[Snapshot]:
        own = f"{os.getpid()}.sock"
        for path in sorted(self._folder.glob("*.sock")):
            if path.name != own:
                yield self._heard(path)

    def _heard(self, path: Path) -> Snapshot:
        """What the worker behind *path* says, or else what it said last."""
        last = path.with_suffix(".json")
        try:
            text = _asked(path)
        except OSError:
            return _kept(json.loads(last.read_text())) if last.exists() else []
        _replace(last, text)
        said: Snapshot = json.loads(text)
        return said

    def close(self) -> None:
        """Leave the last word for the siblings and stop listening."""
        if self._socket is None or self._process != os.getpid():
            return
        self._socket.close()
        self._leave_word(snapshot(self._registry))

    def _leave_word(self, own: Snapshot) -> None:
        """Keep what this worker said for when it cannot be asked any more."""
        if self._socket is None or not self._folder.exists():
            return
        with contextlib.suppress(OSError):  # a full disk is no reason not to answer
            _replace(self._folder / f"{os.getpid()}.json", json.dumps(own))


def snapshot(registry: CollectorRegistry) -> Snapshot:
    """All families of *registry*."""
    return [
        [
            family.name,
            family.type,
            family.documentation,
            [
                [sample.name, sample.labels, sample.value, sample.exemplar]
                for sample in family.samples
                if not sample.name.endswith("_created")
            ],
        ]
        for family in registry.collect()
    ]


def _kept(said: Snapshot) -> Snapshot:
    """Of a worker that is gone, what only ever grows: it has no requests in flight any more."""
    return [family for family in said if family[1] in {"counter", "histogram", "summary"}]


def _asked(path: Path) -> str:
    with socket.socket(socket.AF_UNIX) as sibling:
        sibling.settimeout(ANSWER_SECONDS)
        sibling.connect(str(path))
        return b"".join(iter(lambda: sibling.recv(1 << 16), b"")).decode()


def _replace(path: Path, text: str) -> None:
    """Write *path* whole: another sibling may read it now."""
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(text)
    draft.replace(path)


def _folder_of(parent: int) -> Path:
    """A folder for the children of *parent*; those of parents that are gone are removed."""
    root = Path(tempfile.gettempdir()) / f"sightline-workers-{os.getuid()}"
    for folder in root.glob("*"):
        if not _alive(folder.name):
            shutil.rmtree(folder, ignore_errors=True)
    return root / f"{parent}-{_started_at(parent)}"


def _alive(name: str) -> bool:
    process, _, started = name.partition("-")
    return process.isdigit() and _started_at(int(process)) == started


def _started_at(process: int) -> str:
    """When *process* started, in the system's ticks: its number may be given again. Empty: gone."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "unknown" if _exists(process) else ""
    return stat.rpartition(")")[2].split()[19]


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
