"""Prometheus on one core, and the cost of its queries."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

from sightline.binaries import find
from sightline.config import Config
from tests.ports import free_ports
from tests.waiting import until

Params = Mapping[str, str | float]

ONE_CORE: Final = {"GOMAXPROCS": "1"}
FEATURES: Final = "exemplar-storage"
NATIVE_HISTOGRAMS: Final = (3,)
"""First version that stores native histograms with custom bounds."""
TIMEOUT_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Cost of a query, or of several."""

    cpu_seconds: float
    """CPU of the whole process, with garbage collection and the encoding of the answer."""
    peak_samples: int
    """Maximum number of samples in memory at one time."""
    read_samples: int
    """Number of samples read."""
    series: int
    """Number of series in the answer."""

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            peak_samples=max(self.peak_samples, other.peak_samples),
            read_samples=self.read_samples + other.read_samples,
            series=self.series + other.series,
        )


class Prometheus:
    """Real Prometheus in *folder*, as a context manager that kills it at the end.

    Args:
        folder: Working directory.
        scrape_configs: Part of its configuration.
        major: Major version, if it matters. Version 3 can store native histograms.
    """

    def __init__(
        self,
        folder: Path,
        scrape_configs: Sequence[Mapping[str, Any]],
        *,
        major: int | None = None,
    ) -> None:
        self.folder = folder
        config = json.dumps({"scrape_configs": scrape_configs})
        (folder / "prometheus.yml").write_text(config, encoding="utf-8")
        (port,) = free_ports(1)
        binary = find("prometheus", Config.from_env(os.environ), major=major)
        native = binary.version >= NATIVE_HISTOGRAMS
        features = f"{FEATURES},native-histograms" if native else FEATURES
        self.version = ".".join(map(str, binary.version))
        self._process = subprocess.Popen(
            [
                *(binary.path, "--config.file=prometheus.yml", "--storage.tsdb.path=data"),
                *(f"--web.listen-address=127.0.0.1:{port}", f"--enable-feature={features}"),
                # A compaction would be counted as CPU of the rules.
                *("--storage.tsdb.min-block-duration=2h", "--storage.tsdb.max-block-duration=2h"),
                *("--log.level=warn", "--query.timeout=30m"),
            ],
            cwd=folder,
            env={**os.environ, **ONE_CORE},
        )
        self._api = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_SECONDS, trust_env=False
        )

    def __enter__(self) -> Self:
        until(self._ready, within_seconds=60)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._api.close()
        self._process.kill()
        self._process.wait()

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of the process until now."""
        # The kernel's number of the CPU clock of a process. Source: clock_getcpuclockid(3).
        return time.clock_gettime((~self._process.pid << 3) | 2)

    def ask(self, path: str, params: Params) -> Any:  # noqa: ANN401  JSON
        """Return the data of an answer of the API."""
        url = f"/api/v1/{path}"
        posted = path.startswith("query")  # an expression may be longer than a URL
        response = self._api.post(url, data=params) if posted else self._api.get(url, params=params)
        answer = response.json()
        if answer["status"] != "success":
            raise ValueError(f"{params}: {answer['error']}")
        return answer["data"]

    def cost(self, path: str, params: Params, *, rounds: int) -> Cost:
        """Return the cost of a query in the cheapest of several *rounds*."""
        return min(
            (self._cost(path, params) for _ in range(rounds)), key=lambda cost: cost.cpu_seconds
        )

    def _cost(self, path: str, params: Params) -> Cost:
        before = self.cpu_seconds
        data = self.ask(path, {**params, "stats": "all"})
        cpu_seconds = self.cpu_seconds - before
        if isinstance(data, list):  # values of a label
            return Cost(cpu_seconds=cpu_seconds, peak_samples=0, read_samples=0, series=0)
        samples = data["stats"]["samples"]
        return Cost(
            cpu_seconds=cpu_seconds,
            peak_samples=samples["peakSamples"],
            read_samples=samples["totalQueryableSamples"],
            series=len(data["result"]),
        )

    def _ready(self) -> bool:
        with suppress(httpx.TransportError):
            return self._api.get("/-/ready").is_success
        return False
