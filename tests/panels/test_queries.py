"""No panel is empty without a word, shows NaN, or keeps its reader waiting, in any state.

Takes some minutes, for states need time to show: part of CI, not of ``make test``.
"""

import pytest

from tests.panels.queries import ask, questions, variables
from tests.stacks import LocalStack

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


def test_an_empty_answer_without_words_is_noticed(stack: LocalStack) -> None:
    question = next(question for question in questions("fleet") if not question.may_be_empty)

    answer = ask(stack, question)

    assert list(answer.faults()) == []
