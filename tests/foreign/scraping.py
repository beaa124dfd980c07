"""Generated series over HTTP: one target for each instance."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from tests.fakes.threaded import ThreadedServer
from tests.foreign.series import Series

TARGET_LABELS: Final = ("cluster", "namespace", "job", "instance")
OF_PROMETHEUS: Final = ("up", "scrape_")
"""Beginnings of the names that Prometheus writes for each target."""

Target = tuple[str, ...]
"""Values of `TARGET_LABELS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposition:
    """Targets and the time of their incident."""

    targets: dict[Target, list[Series]]
    port: int
    incident_at: float
    """Time of the incident, in seconds since 1970."""

    @property
    def minute(self) -> float:
        """Minutes since the beginning of the incident; negative before."""
        return (time.time() - self.incident_at) / 60

    def discovered(self, cluster: str) -> list[dict[str, Any]]:
        """Return the targets of *cluster*, as files of `file_sd_configs` have them.

        Every Prometheus is a target in each cluster, so that others notice its end.
        """
        return [
            {
                "targets": [f"127.0.0.1:{self.port}"],
                "labels": {
                    "__metrics_path__": f"/{number}",
                    **dict(zip(TARGET_LABELS, target, strict=True)),
                },
            }
            for number, target in enumerate(self.targets)
            if target[0] == cluster or "prometheus" in target
        ]

    def page(self, target: Target) -> str | None:
        """Return the metrics of *target* now, or none if it is down."""
        minute = self.minute
        lines = []
        for series in self.targets[target]:
            value = series.value(minute)
            if series.name == "up" and value == 0:
                return None
            if value is not None and not series.name.startswith(OF_PROMETHEUS):
                lines.append(f"{_exposed(series)} {value:.10g}")
        return "\n".join((*lines, ""))


def _exposed(series: Series) -> str:
    pairs = (f'{k}="{v}"' for k, v in series.labels.items() if k not in TARGET_LABELS)
    return f"{series.name}{{{','.join(pairs)}}}"


@contextmanager
def exposing(series: list[Series], incident_at: float) -> Iterator[Exposition]:
    """Serve *series* on loopback."""
    targets: dict[Target, list[Series]] = defaultdict(list)
    for each in series:
        targets[tuple(each.labels.get(name, "") for name in TARGET_LABELS)].append(each)

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = exposition.page(list(exposition.targets)[int(self.path[1:])])
            self.send_response(200 if text is not None else 503)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write((text or "").encode())

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadedServer(Page) as server:
        exposition = Exposition(targets=dict(targets), port=server.port, incident_at=incident_at)
        yield exposition
