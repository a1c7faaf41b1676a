"""What must hold of `performance` and `fairness` for every table, with weights, clusters, classes and intersections."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from audit.checks.fairness.metrics import COMPARISONS
from audit.gate.validation import require_consistent
from audit.policy.gate_spec import Rule
from audit.result import Measurement
from audit.subject.subject import Subject

from ..audits import measurements, one, people, run
from ..conftest import Models
from ..gate.builders import check, decided
from .rows import KINDS, ROWS, Key, measured, subject_of, taken, turned, whole

FEW = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
ONE = settings(FEW, max_examples=1)  # it decides every metric twice, with a p-value for each that breaks
SIZES = st.integers(min_value=40, max_value=400)
SEEDS = st.integers(min_value=0, max_value=2**32 - 1)


@dataclass(frozen=True)
class Given:
    """A subject whose rows an example draws from."""

    kind: str
    subject: Subject = field(repr=False)

    def some(self, rows: int, seed: int) -> np.ndarray:
        """Return rows at random; an example in which a group has none is no audit."""
        index = np.random.default_rng(seed).choice(ROWS, rows, replace=False)
        assume(whole(taken(self.subject, index)))
        return index

    def __call__(self, index: np.ndarray, copies: int = 1) -> Subject:
        return taken(self.subject, index, copies)


@pytest.fixture(scope="module", params=KINDS)
def chosen(request: pytest.FixtureRequest, model: Models, tmp_path_factory: pytest.TempPathFactory) -> Given:
    return Given(request.param, subject_of(request.param, model, tmp_path_factory.mktemp("rows")))


def close(found: object, expected: object) -> bool:
    return bool(
        np.allclose(np.array(found, float), np.array(expected, float), rtol=1e-9, atol=1e-9, equal_nan=True)
    )


@FEW
@given(rows=SIZES, seed=SEEDS)
def test_the_order_of_rows_does_not_matter(chosen: Given, rows: int, seed: int) -> None:
    index = chosen.some(rows, seed)
    one_way, other = (
        measured(chosen(order)) for order in (index, np.random.default_rng(seed).permutation(index))
    )
    assert one_way.keys() == other.keys()
    for key, found in one_way.items():
        assert (found.n, found.smallest_n) == (other[key].n, other[key].smallest_n)
        assert close(found.value, other[key].value), key
        assert close(found.ci or np.nan, other[key].ci or np.nan), key


def test_the_order_of_rows_in_a_file_does_not_matter(model: Models, tmp_path: Path) -> None:
    frame, options = people(300), {"protected": {"sex": {"privileged": "Male"}}}
    one_way, other = (
        run(table, model("given"), tmp_path, **options)
        for table in (frame, frame.sample(frac=1, random_state=1))
    )
    assert one_way.data.distinct_rows == other.data.distinct_rows
    again = measurements(other)
    for key, found in measurements(one_way).items():
        assert close(found.value, again[key].value), key
        assert close(found.ci or np.nan, again[key].ci or np.nan), key


def other_way(name: str, value: float) -> float:
    """Return what a comparison becomes when its sides are swapped."""
    if name in ("average_abs_odds_difference", "equalized_odds_difference"):
        return value
    if not name.endswith("_ratio") and name != "disparate_impact":
        return -value
    return math.inf if value == 0 else 1.0 / value


@FEW
@given(rows=SIZES, seed=SEEDS)
@pytest.mark.parametrize(("attribute", "sides"), [("sex", ("Female", "Male")), ("race", ("Black", "White"))])
def test_swapping_the_sides_negates_differences_and_inverts_ratios(
    chosen: Given, attribute: str, sides: tuple[str, str], rows: int, seed: int
) -> None:
    subject = chosen(chosen.some(rows, seed))
    found = [measured(turned(subject, attribute, side), "fairness") for side in sides[::-1]]
    for name in COMPARISONS:
        there, back = (
            by_key[_key(f"fairness.{name}", attribute, *pair)]
            for by_key, pair in zip(found, (sides, sides[::-1]), strict=True)
        )
        assert close(back.value, other_way(name, there.value)), name
        assert (there.ci is None) == (back.ci is None), name
        if there.ci and back.ci:
            assert close(sorted(back.ci), sorted(other_way(name, end) for end in there.ci)), name


def _key(metric: str, attribute: str, unprivileged: str, privileged: str) -> Key:
    where = {"attribute": attribute, "unprivileged": unprivileged, "privileged": privileged}
    return metric, tuple(sorted(where.items()))


@FEW
@given(rows=SIZES, seed=SEEDS, copies=st.sampled_from([2, 3, 10]))
def test_more_rows_of_the_same_kind_never_widen_an_interval(
    chosen: Given, rows: int, seed: int, copies: int
) -> None:
    index = chosen.some(rows, seed)
    few, many = measured(chosen(index)), measured(chosen(index, copies))
    assert few.keys() == many.keys()
    wider = [key for key, found in few.items() if not _width(many[key]) <= _width(found) * (1 + 1e-9) + 1e-12]
    assert wider == []
    moved = [key for key, found in few.items() if not close(found.value, many[key].value)]
    assert all(metric == "performance.rows" for metric, _ in moved)


def _width(measurement: Measurement) -> float:
    return math.inf if measurement.ci is None else measurement.ci[1] - measurement.ci[0]


RANK = {"fail": 0, "inconclusive": 1, "pass": 2}


@ONE
@given(
    rows=SIZES, seed=SEEDS, limits=st.tuples(st.floats(-0.2, 0.8), st.floats(0.2, 1.2)), by=st.floats(0, 1)
)
def test_a_looser_limit_never_turns_a_status_for_the_worse(
    chosen: Given, rows: int, seed: int, limits: tuple[float, float], by: float
) -> None:
    found = check(*measured(chosen(chosen.some(rows, seed))).values())
    low, high = sorted(limits)
    metrics = sorted({m.metric for m in found.measurements})
    strict, loose = (
        decided([found], [Rule(metric=metric, at_least=least, at_most=most) for metric in metrics]).rules
        for least, most in ((low, high), (low - by, high + by))
    )
    for before, after in zip(strict, loose, strict=True):
        assert RANK[after.status] >= RANK[before.status], after.metric


@FEW
@given(rows=st.integers(12, 60), seed=SEEDS)
def test_no_measurement_contradicts_itself(chosen: Given, rows: int, seed: int) -> None:
    """In small tables, where many a rate has no rows: a check that says what cannot be would end the audit."""
    for m in measured(chosen(chosen.some(rows, seed))).values():
        assert require_consistent(m) is m


@FEW
@given(rows=st.integers(12, 60), seed=SEEDS)
def test_what_is_not_finite_or_has_no_interval_never_passes(chosen: Given, rows: int, seed: int) -> None:
    found = measured(chosen(chosen.some(rows, seed)))
    odd = [m for m in found.values() if not math.isfinite(m.value) or (m.ci is None and m.method != "exact")]
    assume(odd)
    for m in odd:
        anything = Rule(metric=m.metric, where=m.where, at_least=-1e300, at_most=1e300)
        assert decided([check(m)], [anything]).rules[0].status != "pass", m


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
    names = {key: key[0].partition(".") for key in regressed}
    shared = [
        key
        for key, (check, _, name) in names.items()
        if name.endswith("_rate") or (check == "fairness" and name != "mean_prediction_difference")
    ]
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
        value = one(found, f"fairness.{name}", attribute="sex", unprivileged="Female", privileged="Male")
        assert value.value == pytest.approx(oracle.value(expected, name), abs=1e-12), name
    assert one(found, "fairness.theil_index").value == pytest.approx(
        oracle.value(expected, "theil_index"), abs=1e-12
    )
