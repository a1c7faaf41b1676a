"""The budget of multiply-adds for attacks: how many rows it buys, and that the report says so."""

from __future__ import annotations

import pytest

from audit.attacks import Plan
from audit.attacks.table import evaluations
from audit.checks.robustness.budget import Budget
from audit.subject.subject import Subject

from ..kit import Found, logistic, measure, persons, subject_of

SIZES, STEPS, QUERIES = [0.05, 0.1], 4, 30


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    folder = tmp_path_factory.mktemp("audited")
    return subject_of(logistic(folder / "model"), persons(300, 1), persons(60, 2), folder)


def attacked(audited: Subject, names: list[str], budget: float) -> Found:
    options = {"steps": STEPS, "queries": QUERIES, "eps": SIZES}
    return measure("robustness", audited, attacks=names, budget=budget, **options)


@pytest.mark.parametrize("names", [["noise", "fgsm", "pgd"], ["square"]])
def test_half_of_the_budget_buys_the_attacked_rows(audited: Subject, names: list[str]) -> None:
    cost = Budget.of(audited, 1.0, by_logits="pgd" in names).of_row
    per_row = evaluations(Plan(names, SIZES, 0, STEPS, QUERIES))
    tight = attacked(audited, names, 2 * 40.5 * per_row * cost)
    assert tight.one("clean_accuracy").n == 40
    cost_of_row = f"up to {per_row:,} model evaluations for each attacked row, of {cost:,} multiply-adds each"
    assert cost_of_row in tight.costs[0]
    wanted = "40 of 300 rows were attacked, drawn at random; a greater checks.robustness.budget attacks more."
    assert wanted in tight.notes
    ample = attacked(audited, names, 1e12)
    assert ample.one("clean_accuracy").n == 300 and "drawn at random" not in "".join(ample.notes)
    least = attacked(audited, names, 1.0)
    assert least.one("clean_accuracy").n == 2


def test_parts_share_the_budget() -> None:
    budget = Budget(8000.0, 10)
    assert [budget.rows(part, 1, 10**6) for part in ("probe", "attacks", "tests", "changes")] == [
        100,
        400,
        200,
        100,
    ]
    assert budget.rows("attacks", 100, 10**6) == 4 and budget.rows("attacks", 100, 3) == 3
    assert budget.rows("attacks", 10**9, 300) == 2 and budget.rows("attacks", 10**9, 1) == 1
