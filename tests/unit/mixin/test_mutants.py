"""The mutation tester makes the mistakes that people make."""

from tests.mutation.mutants import mutants

RULE = {
    "alert": "Example",
    "expr": 'sum by (job) (rate(x_total{code="500", job="a"}[5m])) > 0.06\nand on (job) up == 1',
    "for": "1m30s",
}


def test_every_part_of_a_rule_is_changed_once() -> None:
    changes = [change for change, _ in mutants(RULE)]

    assert changes == [
        "flipped 1: > to <",
        "flipped 2: == to !=",
        "constant 1: 0.06 to 0.18",
        "constant 1: 0.06 to 0.02",
        "constant 2: 1 to 3",
        "constant 2: 1 to 0.333333",
        "swapped 1: sum to count",
        "swapped 2: rate to increase",
        "swapped 3: and to unless",
        'matcher dropped at 26: code="500"',
        'matcher dropped at 26: job="a"',
        "for dropped",
        "for tripled",
    ]


def test_a_mutant_differs_in_one_place_only() -> None:
    made = dict(mutants(RULE))

    assert made["flipped 1: > to <"] == {**RULE, "expr": RULE["expr"].replace(">", "<")}
    assert made["for tripled"] == {**RULE, "for": "4m30s"}
    assert "for" not in made["for dropped"]
