"""No panel is empty without a word, shows NaN, or keeps its reader waiting, in any state.

Takes some minutes, for states need time to show: part of CI, not of ``make test``.
"""

import pytest

from tests.panels.queries import Answer, Question, ask, exemplars, questions, variables
from tests.stacks import LocalStack
from tests.waiting import until

DASHBOARDS = (
    *("fleet", "service", "route", "latency-explorer", "dependencies"),
    *("slo", "python-runtime", "telemetry", "stack"),
)


@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_every_query_has_a_good_answer(stack: LocalStack, dashboard: str) -> None:
    answers = [ask(stack, question) for question in questions(dashboard)]

    assert [fault for answer in answers for fault in answer.faults()] == []


@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_every_variable_offers_something(stack: LocalStack, dashboard: str) -> None:
    offers = variables(stack, dashboard)

    assert {name: offered for name, offered in offers.items() if not offered} == {}


WITH_DOTS = [question for name in DASHBOARDS for question in questions(name) if question.exemplars]


@pytest.mark.parametrize("question", WITH_DOTS, ids=str)
def test_a_dot_on_a_panel_leads_to_its_trace(whole_stack: LocalStack, question: Question) -> None:
    def found() -> bool:
        newest = exemplars(whole_stack, question)[0]
        return whole_stack.ask("jaeger_query", f"/api/traces/{newest}").ok

    until(found, within_seconds=60)


QUESTION = questions("fleet")[0]


def test_a_bad_answer_is_noticed() -> None:
    series = [{"values": [[0, "NaN"]]}] * 21

    answer = Answer(question=QUESTION, series=series, warnings=["not a counter"], seconds=0.2)

    assert list(answer.faults()) == [
        "fleet: Services down: NaN",
        "fleet: Services down: 21 series, at most 20 can be told apart",
        "fleet: Services down: 0.200 s",
        "fleet: Services down: not a counter",
    ]


def test_an_empty_answer_needs_words() -> None:
    answer = Answer(question=QUESTION, series=[], warnings=[], seconds=0.0)

    assert list(answer.faults()) == [
        "fleet: Services down: empty, and the panel has no words for that"
    ]
