"""Queries of every panel in every state: no unexplained gap, no NaN, no slow response.

The tests take minutes, because a state needs time to show. They run in CI, not in ``make test``.
"""

import pytest

from sightline.mixin.dashboard_list import ENTRIES
from tests.panels.queries import Answer, Question, ask, exemplars, questions, variables
from tests.stacks import LocalStack
from tests.waiting import until

DASHBOARDS = tuple(entry.uid for entry in ENTRIES)


@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_every_query_has_a_readable_result(stack: LocalStack, dashboard: str) -> None:
    answers = [ask(stack, question) for question in questions(dashboard)]

    assert [fault for answer in answers for fault in answer.faults()] == []


@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_every_variable_has_options_and_the_demo_has_one_cluster(
    stack: LocalStack, dashboard: str
) -> None:
    options = variables(stack, dashboard)

    assert (options.pop("cluster"), options.pop("namespace")) == ([], [])
    assert {name: values for name, values in options.items() if not values} == {}


WITH_EXEMPLARS = [
    question for name in DASHBOARDS for question in questions(name) if question.exemplars
]


@pytest.mark.parametrize("question", WITH_EXEMPLARS, ids=str)
def test_an_exemplar_leads_to_its_trace(whole_stack: LocalStack, question: Question) -> None:
    def found() -> bool:
        newest = exemplars(whole_stack, question)[0]
        return whole_stack.ask("jaeger_query", f"/api/traces/{newest}").ok

    until(found, within_seconds=60)


QUESTION = questions("fleet")[0]


def test_the_check_reports_every_fault() -> None:
    series = [{"values": [[0, "NaN"]]}] * 21

    answer = Answer(question=QUESTION, series=series, warnings=["not a counter"], seconds=0.2)

    assert list(answer.faults()) == [
        "fleet: Services down: NaN",
        "fleet: Services down: 21 series, at most 20 are readable",
        "fleet: Services down: 0.200 s",
        "fleet: Services down: not a counter",
    ]


def test_the_check_reports_an_unexplained_empty_result() -> None:
    answer = Answer(question=QUESTION, series=[], warnings=[], seconds=0.0)

    assert list(answer.faults()) == [
        "fleet: Services down: empty, and the panel does not explain it"
    ]
