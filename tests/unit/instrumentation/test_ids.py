"""Ids are random, even if the service seeds `random` or forks."""

import random
import subprocess
import sys

from instrumentation._setup.provider import RandomIds


def test_a_service_that_seeds_random_does_not_repeat_its_ids() -> None:
    random.seed(7)
    first = RandomIds().generate_trace_id()
    random.seed(7)

    assert RandomIds().generate_trace_id() != first


def test_ids_have_the_length_of_the_w3c_specification() -> None:
    ids = RandomIds()

    traces = [ids.generate_trace_id() for _ in range(1000)]
    spans = [ids.generate_span_id() for _ in range(1000)]
    assert max(traces).bit_length() > 112
    assert max(spans).bit_length() > 48
    assert max(max(traces) >> 128, max(spans) >> 64) == 0


def test_a_forked_child_does_not_repeat_its_parents_ids() -> None:
    program = (
        "import os; from instrumentation._setup.provider import RandomIds; ids = RandomIds();"
        "child = os.fork(); child and os.wait(); print(ids.generate_trace_id())"
    )

    printed = subprocess.check_output([sys.executable, "-c", program], text=True).split()

    assert len(set(printed)) == 2
