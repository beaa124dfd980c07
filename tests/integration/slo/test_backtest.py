"""`sightline slo backtest` on a real Prometheus with four days of samples."""

import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest

from sightline.binaries import find
from sightline.config import Config
from sightline.slo import main
from tests.ports import free_ports
from tests.waiting import until

DAY_SECONDS = 86400
NOW = int(time.time()) // 60 * 60
OUTAGE = range(NOW - DAY_SECONDS, NOW - DAY_SECONDS + 40 * 60)
"""Unix seconds: forty minutes, a day ago."""

OBJECTIVES = """
slos:
  - {service: shop, name: availability, objective: 99.5, sli: {http: {errors: "5.."}}}
  - {service: books, name: availability, objective: 99.5, sli: {http: {errors: "5.."}}}
"""


def rule_samples(name: str, job: str, usual: int, *, during: int | None = None) -> Iterator[str]:
    """Return four days of a recording rule as OpenMetrics. *during* is its value in the outage.

    The books are sold in a cluster.
    """
    values = dict.fromkeys(OUTAGE, usual if during is None else during)
    place = ',cluster="eu"' if job == "books" else ""
    series = f'{name}{{job="{job}",slo="availability"{place}}}'
    moments = range(NOW - 4 * DAY_SECONDS, NOW + 1, 30)
    return (f"{series} {values.get(moment, usual)} {moment}\n" for moment in moments)


def backfill(folder: Path) -> None:
    """Write blocks with ten events per second. Half of the shop's fail in the outage."""
    samples = folder / "samples.txt"
    series = (
        rule_samples("job_slo:errors:rate", "books", 0),
        rule_samples("job_slo:errors:rate", "shop", 0, during=5),
        rule_samples("job_slo:events:rate", "books", 10),
        rule_samples("job_slo:events:rate", "shop", 10),
    )
    samples.write_text("".join(chain(*series, ["# EOF\n"])))
    promtool = find("promtool", Config.from_env(os.environ)).path
    command = ("tsdb", "create-blocks-from", "openmetrics", "--quiet", samples, folder / "data")
    subprocess.run([promtool, *command], check=True)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Prometheus with those blocks."""
    folder, (port,) = tmp_path_factory.mktemp("prometheus"), free_ports(1)
    backfill(folder)
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    program = find("prometheus", Config.from_env(os.environ)).path
    flags = ("--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=error")
    listen = f"--web.listen-address=127.0.0.1:{port}"
    process = subprocess.Popen([program, *flags, listen], cwd=folder)
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: is_ready(url), within_seconds=60)
        yield url
    finally:
        process.kill()
        process.wait()


def is_ready(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/-/ready", timeout=10) as answer:  # noqa: S310  loopback
        return bool(answer.status == 200)


@pytest.fixture
def printed(prometheus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Lines that the command prints for both services."""
    objectives = tmp_path / "slos.yaml"
    objectives.write_text(OBJECTIVES)
    main(["backtest", str(objectives), "--since", "4d", "--prometheus", prometheus])
    return capsys.readouterr().out.splitlines()


def time_in_outage(*, minutes: float) -> str:
    moment = datetime.fromtimestamp(OUTAGE.start + minutes * 60, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def test_backtest_prints_the_alerts_of_an_outage(printed: list[str]) -> None:
    shop, fast, slow, _ = printed

    assert shop.startswith("shop / availability: ")
    # The first hours leave the four days while a slow machine comes to this test.
    assert re.search(r" events over 4d, 0\.34[78]% bad, 2 alerts\.$", shop)
    # 14.4 x 0.5 % of an hour's events are bad after 8m30s, held for a minute
    assert fast.strip() == f"critical (1h, 14.4x)  at {time_in_outage(minutes=9.5)}, for 39m30s"
    # 6 x 0.5 % of six hours' events are bad after 21m30s, held for five
    assert slow.strip() == f"critical (6h, 6x)  at {time_in_outage(minutes=26.5)}, for 46m30s"


def test_backtest_prints_the_budget_of_a_cluster_and_no_alert_without_errors(
    printed: list[str],
) -> None:
    books = printed[-1]

    assert books.startswith('books / availability {cluster="eu"}: ')
    assert books.endswith(" events over 4d, 0.000% bad, 0 alerts.")
