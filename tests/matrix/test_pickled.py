"""An instrumented app is pickled by value and served by another process, as Ray Serve does.

Cloudpickle is installed from the lock of the servers.
"""

import os
import subprocess
import sys
from pathlib import Path

from sightline.artifacts import ROOT
from tests.fakes import Collector
from tests.integration.instrumentation.conftest import PORT, serving
from tests.matrix.test_fastapi import install

PICKLE = """
import copyreg, sys, cloudpickle
from fastapi import FastAPI
from starlette.datastructures import State
from instrumentation import instrument

# Starlette's own class recurses endlessly when it is loaded.
copyreg.pickle(State, lambda state: (State, (vars(state)["_state"],)))

app = FastAPI(title="pickled")

@app.get("/items/{item_id}")
async def item(item_id: int) -> dict[str, int]:
    return {"item_id": item_id}

instrument(app)
with open(sys.argv[1], "wb") as file:
    cloudpickle.dump(app, file)
"""

SERVED = """
import pickle
with open({path!r}, "rb") as file:
    app = pickle.load(file)
"""


def test_a_pickled_app_is_instrumented_where_it_is_loaded(
    tmp_path: Path, collector: Collector
) -> None:
    path = os.pathsep.join(map(str, [install("servers", "daphne"), ROOT, tmp_path]))
    environ = {
        **os.environ,
        "PYTHONPATH": path,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.http_endpoint,
    }
    pickled = tmp_path / "app.pickle"
    subprocess.run([sys.executable, "-c", PICKLE, str(pickled)], env=environ, check=True)
    (tmp_path / "pickled.py").write_text(SERVED.format(path=str(pickled)), encoding="utf-8")

    command = ("uvicorn", "pickled:app", "--port", PORT)
    with serving(command, collector, PYTHONPATH=path, OTEL_SERVICE_NAME="") as service:
        service.client.get("/items/1")
        (span,) = service.server_spans(1)
        lines = [line for line in service.metrics() if "/items/{item_id}" in line]

    assert span.name == "GET /items/{item_id}"
    assert any("duration_seconds_count" in line and line.endswith(" 1.0") for line in lines)
