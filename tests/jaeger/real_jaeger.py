"""A real Jaeger, with the repository's own configuration, on free ports."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from sightline.artefacts import JAEGER
from sightline.config import Ports
from tests.integration.tracestore.trace_store import TraceStore
from tests.ports import free_ports
from tests.waiting import until


@contextmanager
def real_jaeger(folder: Path) -> Iterator[TraceStore]:
    """Jaeger with its data in *folder*, healthy; stopped at the end.

    Raises:
        FileNotFoundError: There is no `jaeger` on PATH.
    """
    program = shutil.which("jaeger")
    if program is None:
        raise FileNotFoundError("no `jaeger` on PATH: put the program of Jaeger 2.20 there")
    names = [field.name for field in fields(Ports)]
    ports = Ports(**dict(zip(names, free_ports(len(names)), strict=True)))
    environ = {f"{name.upper()}_PORT": str(port) for name, port in ports} | {
        "JAEGER_LISTEN": "127.0.0.1",
        "JAEGER_DATA": str(folder),
        "JAEGER_CONFIG_DIR": str(JAEGER),
        "PROMETHEUS_URL": "http://127.0.0.1:1",
        "OTEL_TRACES_SAMPLER": "always_off",
    }
    with (folder / "jaeger.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "--config", str(JAEGER / "config.yaml")],
            env={**os.environ, **environ},
            stdout=log,
            stderr=log,
        )
    started = TraceStore(ports, environ, process)
    try:
        until(lambda: _healthy(started), within_seconds=30)
        yield started
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        finally:
            process.kill()
            process.wait()


def _healthy(jaeger: TraceStore) -> bool:
    return jaeger.ask("/status", port=jaeger.ports.jaeger_health).status == 200
