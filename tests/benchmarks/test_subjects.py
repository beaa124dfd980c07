"""A benchmark leaves no process behind, however it ends."""

import pytest

from tests.benchmarks import cores
from tests.benchmarks.subjects import PLAIN, Case, Subject

SUBJECTS = {
    "called": ("bare", "small", "none", 1),
    "served": ("bare", 0, cores.SUBJECT),
    "forked": ("bare", 1),
}


@pytest.mark.parametrize("module", SUBJECTS)
def test_a_subject_ends_when_nobody_can_ask_it_any_more(module: str) -> None:
    case = Case(module=module, arguments=SUBJECTS[module], environ=PLAIN)
    with Subject(case, PLAIN) as subject:
        subject.heard()

        subject.process.communicate()

        assert subject.process.returncode == 0
