"""Subjects of the benchmarks exit with the benchmark."""

import pytest

from tests.benchmarks import cores
from tests.benchmarks.subjects import PLAIN, Case, Subject

SUBJECTS = {
    "subject_direct": ("bare", "small", "none", 1),
    "subject_uvicorn": ("bare", 0, cores.SUBJECT),
    "subject_forked": ("bare", 1),
}


@pytest.mark.parametrize("module", SUBJECTS)
def test_a_subject_exits_when_its_input_ends(module: str) -> None:
    case = Case(module=module, arguments=SUBJECTS[module], environ=PLAIN)
    with Subject(case, PLAIN) as subject:
        subject.read_line()

        subject.process.communicate()

        assert subject.process.returncode == 0
