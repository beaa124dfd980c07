"""No panel is empty without a word, shows NaN, or keeps its reader waiting, in any state.

Takes some minutes, for states need time to show: part of CI, not of ``make test``.
"""

import pytest

from tests.panels.queries import Answer, ask, questions, variables
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
