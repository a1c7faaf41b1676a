"""The budget of multiply-adds for attribution: what it buys, that it is spread evenly, and that it is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given
from hypothesis import strategies as st

from audit.attribution import attribute
from audit.attribution.expected_gradients import expected_gradients
from audit.attribution.pass_plan import MIN_DRAW_PAIRS, PassPlan, evaluations_per_pair
from audit.checks.explainability.explained_sample import affordable
from audit.checks.explainability.explanation import ExplainedOutput
from audit.frameworks.tensorflow_loader import GRADIENT_COST
from audit.subject.subject import Subject

from ..kit import PROTECTED, Found, logistic, measure, persons, subject_of

ROWS, REFERENCES, FEATURES = 60, 20, 7


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    folder = tmp_path_factory.mktemp("audited")
    data = persons(ROWS, 1), persons(REFERENCES, 2)
    return subject_of(logistic(folder / "model"), *data, folder, protected=PROTECTED)


def note(found: Found) -> str:
    (text,) = found.costs
    return text


def pairs_taken(rows: int, references: int) -> int:
    """Count the pairs that rows and references make, of which a row takes 64 at least."""
    turns = -(-MIN_DRAW_PAIRS // references)
    return rows * references * turns


@given(st.integers(0, 3000), st.integers(1, 40), st.integers(1, 140))
@example(pairs=3760, rows=1000, references=100)
@example(pairs=900, rows=60, references=60)
def test_a_budget_buys_the_rows_and_references_of_least_error(pairs: int, rows: int, references: int) -> None:
    n, m = affordable(pairs, rows, references)
    possible = [
        (1 / a + 1 / b)
        for a in range(1, rows + 1)
        for b in range(1, references + 1)
        if pairs_taken(a, b) <= pairs
    ]
    assert min(rows, 2) <= n <= rows and 1 <= m <= references
    if n > 2:
        assert pairs_taken(n, m) <= pairs
        assert 1 / n + 1 / m == pytest.approx(min(possible))
    if pairs_taken(rows, references) <= pairs:
        assert (n, m) == (rows, references)


@pytest.mark.parametrize("share", [0.0, 1.0, 1.7, 3.0])
def test_further_passes_keep_within_the_evaluations_that_are_left(share: float) -> None:
    rng = np.random.default_rng(0)
    rows, references = (rng.normal(size=(n, 12)).astype(np.float32) for n in (6, 64))
    first_pass = 2 * len(rows) * PassPlan.of(64).masks(12)  # all features differ

    def product(x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_prod(x, 1)

    options: dict[str, Any] = {"seed": 0, "tolerance": 1e-9, "memory_bytes": 2**24}
    values = attribute(product, rows, references, max_evaluations=share * first_pass, **options)
    ends = 2 * max(len(rows), len(references))
    assert values.evaluations - ends == max(1, int(share)) * first_pass
    of_pass = len(rows) * 2 * 64 * GRADIENT_COST
    gradients = expected_gradients(product, rows, references, max_evaluations=share * of_pass, **options)
    assert gradients.evaluations == max(1, int(share)) * of_pass


def budget_for(rows: float, cost: int) -> float:
    """Return the budget for a pass of some rows over 64 references."""
    return rows * 64 * evaluations_per_pair(FEATURES) * cost


def test_as_many_rows_are_explained_as_the_budget_buys(audited: Subject) -> None:
    cost = ExplainedOutput.of(audited, score=False).multiply_adds
    tight = measure("explainability", audited, budget=budget_for(8.01, cost))
    assert tight.one("faithfulness").n == 8
    assert (
        f"evaluations of {cost:,} each, counted from the graph. It suffices to explain 8 of 60 rows against 16 of "
        in (note(tight))
    )
    ample = measure("explainability", audited)
    assert ample.one("faithfulness").n == ROWS and "suffices" not in note(ample)
    least = measure("explainability", audited, budget=1.0)
    assert least.one("faithfulness").n == 2


def test_two_models_that_are_compared_take_as_many_rows_as_the_costlier_buys(audited: Subject) -> None:
    alone = ExplainedOutput.of(audited, score=False).multiply_adds
    pair = [replace(subject, compared=[]) for subject in (audited, audited)]
    vars(pair[1])["own_multiply_adds"] = 10 * audited.own_multiply_adds
    for subject, partner in (pair, reversed(pair)):
        subject.compared.append(partner)
    costs = [ExplainedOutput.of(subject, score=False).multiply_adds for subject in pair]
    assert costs == [alone + 9 * audited.own_multiply_adds] * 2
