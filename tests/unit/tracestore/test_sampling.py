"""Sampling strategies and reloading of their file."""

import json
import os
from pathlib import Path

import pytest

from sightline.artifacts import JAEGER
from sightline.tracestore.sampling import Strategies

ALL = {"strategyType": "PROBABILISTIC", "probabilisticSampling": {"samplingRate": 1.0}}
HALF = {"strategyType": "PROBABILISTIC", "probabilisticSampling": {"samplingRate": 0.5}}


def write(file: Path, text: str, *, seconds: int) -> None:
    """Write *text*; the file's time is *seconds*, so that the change shows."""
    file.write_text(text, encoding="utf-8")
    os.utime(file, (seconds, seconds))


def default(rate: float) -> str:
    return json.dumps({"default_strategy": {"type": "probabilistic", "param": rate}})


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "sampling.json"
    write(file, default(1.0), seconds=1)
    strategies = Strategies(file)
    before = strategies.strategy_of("shop")
    write(file, default(0.5), seconds=2)

    assert (before, strategies.strategy_of("shop")) == (ALL, HALF)


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "[]",
        "null",
        '{"default_strategy": 5}',
        '{"default_strategy": {"type": "probabilistic", "param": "x"}}',
        '{"service_strategies": [{"type": "probabilistic", "param": 1}]}',
        '{"default_strategy": {"operation_strategies": [{"operation": "GET /"}]}}',
    ],
)
def test_a_broken_file_leaves_the_last_good_answers(
    tmp_path: Path, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "sampling.json"
    write(file, default(0.5), seconds=1)
    strategies = Strategies(file)
    strategies.strategy_of("shop")
    write(file, broken, seconds=2)

    assert strategies.strategy_of("shop") == HALF
    assert str(file) in caplog.text


def test_without_a_file_everything_is_sampled(tmp_path: Path) -> None:
    assert Strategies(tmp_path / "missing.json").strategy_of("shop") == ALL


@pytest.mark.parametrize("text", ["{}", '{"default_strategy": {"type": "odd", "param": 0.1}}'])
def test_what_says_nothing_we_know_samples_everything(tmp_path: Path, text: str) -> None:
    write(tmp_path / "sampling.json", text, seconds=1)

    assert Strategies(tmp_path / "sampling.json").strategy_of("shop") == ALL


def test_the_committed_file_is_good(caplog: pytest.LogCaptureFixture) -> None:
    assert Strategies(JAEGER / "sampling.json").strategy_of("gateway")["strategyType"]
    assert not caplog.records
