"""A service that nobody touched: ``python -m instrumentation -- uvicorn apps:untouched``."""

import subprocess
import sys

from tests.fakes import Collector
from tests.integration.instrumentation.conftest import running


def test_an_untouched_service_is_traced_and_measured(collector: Collector) -> None:
    with running("untouched", collector, before=("instrumentation", "--")) as service:
        service.client.get("/items/1")
        service.client.get("/warehouse/stock/3")

        names = [span.name for span in service.server_spans(2)]
    assert names == ["GET /items/{item_id}", "GET /warehouse/stock/{item_id}"]


def test_without_a_command_the_usage_is_shown() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "instrumentation"], capture_output=True, text=True, check=False
    )

    assert shown.returncode == 1
    assert shown.stderr.startswith("usage: python -m instrumentation -- COMMAND")
