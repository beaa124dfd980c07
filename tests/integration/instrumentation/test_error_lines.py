"""The server's log line of an unhandled exception has the trace id of its request."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import Collector
from tests.integration.instrumentation.conftest import running
from tests.waiting import until


def errors(file: Path) -> list[dict[str, Any]]:
    """Return the error lines of the JSON log."""
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [line for line in found if line["level"] == "ERROR"]


@pytest.mark.parametrize("protocol", ["h11", "httptools"])
def test_the_line_of_an_unhandled_exception_has_the_ids_of_its_span(
    collector: Collector, tmp_path: Path, protocol: str
) -> None:
    file = tmp_path / "log"
    options = ("--http", protocol)
    with running("logging_as_json", collector, options=options, LOG_FILE=str(file)) as service:
        for path in ("/boom", "/log", "/boom"):
            service.client.get(path, headers={"connection": "close"})
        spans = service.server_spans(3)
        until(lambda: len(errors(file)) == 2, within_seconds=10)

    ids = [(line["logger"], line["trace_id"], line["span_id"]) for line in errors(file)]
    first, _, last = [("uvicorn.error", span.trace_id.hex(), span.span_id.hex()) for span in spans]
    assert ids == [first, last]
