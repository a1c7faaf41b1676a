"""What must hold for every table: the order of rows means nothing, and sides can be swapped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.checks.fairness_metrics import COMPARISONS

from ..audits import measurements, one, people, run
from ..conftest import Models

FEW = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SIZES = st.integers(min_value=40, max_value=400)
SEEDS = st.integers(min_value=0, max_value=2**32 - 1)


def close(found: object, expected: object) -> bool:
    return bool(
        np.allclose(np.array(found, float), np.array(expected, float), rtol=1e-9, atol=1e-9, equal_nan=True)
    )


@FEW
@given(rows=SIZES, seed=SEEDS, weighted=st.booleans())
def test_the_order_of_rows_does_not_matter(
    model: Models, tmp_path: Path, rows: int, seed: int, weighted: bool
) -> None:
    random = np.random.default_rng(seed)
    frame = people(rows, seed).assign(w=random.random(rows) + 0.1, who=random.integers(0, rows // 3, rows))
    options = {
        "protected": {"sex": {"privileged": "Male"}, "race": {"privileged": "White"}},
        "intersections": [["sex", "race"]],
        **({"weight": "w", "cluster": "who"} if weighted else {}),
    }
    reports = [
        run(table, model("given"), tmp_path, **options)
        for table in (frame, frame.sample(frac=1, random_state=1))
    ]
    one_way, other = (measurements(report) for report in reports)
    assert one_way.keys() == other.keys()
    assert [r.data.distinct_rows for r in reports] == [reports[0].data.distinct_rows] * 2
    for key, found in one_way.items():
        assert (found.n, found.smallest_n) == (other[key].n, other[key].smallest_n)
        assert close(found.value, other[key].value), key
        assert close(found.ci or np.nan, other[key].ci or np.nan), key


def turned(name: str, value: float) -> float:
    if name.endswith("abs_odds_difference") or name == "equalized_odds_difference":
        return value
    with np.errstate(divide="ignore"):
        return float(np.divide(1.0, value)) if COMPARISONS[name].method == "mover-ratio" else -value


@FEW
@given(rows=SIZES, seed=SEEDS)
def test_swapping_the_sides_negates_differences_and_inverts_ratios(
    model: Models, tmp_path: Path, rows: int, seed: int
) -> None:
    frame = people(rows, seed)
    sides = {
        side: run(frame, model("given"), tmp_path, protected={"sex": {"privileged": side}})
        for side in ("Male", "Female")
    }
    for name, comparison in COMPARISONS.items():
        there = one(
            sides["Male"], f"fairness.{name}", attribute="sex", unprivileged="Female", privileged="Male"
        )
        back = one(
            sides["Female"], f"fairness.{name}", attribute="sex", unprivileged="Male", privileged="Female"
        )
        assert close(back.value, turned(name, there.value)), name
        if there.ci and back.ci and comparison.method in ("mover-difference", "mover-ratio"):
            assert close(sorted(back.ci), sorted(turned(name, limit) for limit in there.ci)), name


@FEW
@given(rows=SIZES, seed=SEEDS)
def test_a_regression_s_outcomes_are_those_of_a_classification(
    model: Models, tmp_path: Path, rows: int, seed: int
) -> None:
    """The same outcomes by another road: scores of at least 0.5, labels of at least 0.5."""
    frame, protected = people(rows, seed), {"sex": {"privileged": "Male"}}
    classified = measurements(run(frame, model("given"), tmp_path, protected=protected))
    spec = {"output": "regression", "inputs": {"x": "score"}}
    regressed = measurements(
        run(frame, model("given"), tmp_path, protected=protected, spec=spec, favorable={"at_least": 0.5})
    )
    shared = [key for key in regressed if key[0].startswith("fairness.") or key[0].endswith("_rate")]
    assert len(shared) == 17 + 9
    for key in shared:
        assert close(regressed[key].value, classified[key].value), key


def test_favourable_against_the_rest_is_aif360_on_that_question(model: Models, tmp_path: Path) -> None:
    from . import oracle

    frame, scores = people(400), np.random.default_rng(11).dirichlet([1, 1, 1], 400)
    frame[["p0", "p1", "p2"]] = scores
    frame["label"] = np.random.default_rng(12).choice(["bad", "fair", "good"], 400)
    spec = {"inputs": {"x": ["p0", "p1", "p2"]}, "output": "probabilities"}
    protected = {"sex": {"privileged": "Male"}}
    found = run(frame, model("given3"), tmp_path, spec=spec, protected=protected, favorable=["fair", "good"])
    chosen = pd.Series(scores.argmax(1)).isin([1, 2])
    expected = oracle.metric(frame["sex"], frame["label"] != "bad", chosen, "Female", "Male")
    for name in COMPARISONS:
        measured = one(found, f"fairness.{name}", attribute="sex", unprivileged="Female", privileged="Male")
        assert measured.value == pytest.approx(oracle.value(expected, name), abs=1e-12), name
    assert one(found, "fairness.theil_index").value == pytest.approx(
        oracle.value(expected, "theil_index"), abs=1e-12
    )
