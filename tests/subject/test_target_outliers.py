"""R² of few rows, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import r2_score

from audit.subject.predictions import Regressed
from audit.subject.target_outliers import outlier_warnings

RANDOM = np.random.default_rng(8)
ROWS = 1000


@pytest.fixture(autouse=True)
def generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test draws of its own, whichever tests ran before it."""
    monkeypatch.setitem(globals(), "RANDOM", np.random.default_rng(9))


def regressed(prediction: np.ndarray, target: np.ndarray) -> Regressed:
    return Regressed(
        target=target, prediction=prediction, label=None, predicted=None, dtype=np.dtype(np.float64)
    )


def warning(prediction: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None) -> str:
    return "".join(outlier_warnings(regressed(prediction, target), weights))


def target_with(extremes: int, size: float) -> np.ndarray:
    target = RANDOM.normal(size=ROWS)
    target[:extremes] += size
    return target


@pytest.mark.parametrize("extremes", [1, 20, 50])
def test_a_model_of_the_extreme_rows_only(extremes: int) -> None:
    target = target_with(extremes, 1e4)
    prediction = np.where(np.arange(ROWS) < extremes, target, RANDOM.normal(size=ROWS))
    text = warning(prediction, target)
    squares = (target - target.mean()) ** 2
    others = np.argsort(squares)[:950]
    share = 1 - squares[others].sum() / squares.sum()
    assert f"R² is {r2_score(target, prediction):.3f} and, without the 50 of 1,000 rows" in text
    assert f"{r2_score(target[others], prediction[others]):.3f}: these rows carry {share:.1%}" in text


def test_a_model_that_knows_the_other_rows_too_is_not_warned_of() -> None:
    target = target_with(20, 1e4)
    assert warning(target + RANDOM.normal(size=ROWS) / 2, target) == ""


def test_a_label_of_many_large_values_is_not_warned_of() -> None:
    target = target_with(200, 1e4)
    assert warning(np.where(target > 100, 1e4, 0.0), target) == ""


@pytest.mark.parametrize("draw", ["normal", "exponential", "lognormal", "standard_t"])
def test_usual_labels_and_models_are_not_warned_of(draw: str) -> None:
    """A model that explains a third of the variance, evenly."""
    target = RANDOM.standard_t(5, ROWS) if draw == "standard_t" else getattr(RANDOM, draw)(size=ROWS)
    assert warning(target * 0.3 + RANDOM.normal(scale=0.3 * target.std(), size=ROWS), target) == ""


def test_a_model_that_explains_nothing_at_all_has_a_warning_of_its_own() -> None:
    target = target_with(20, 1e4)
    assert warning(np.zeros(ROWS), target) == ""


def test_weights_count() -> None:
    """Extreme rows of almost no weight carry no variance; a light crowd makes few rows carry it."""
    target = target_with(20, 1e4)
    prediction = np.where(np.arange(ROWS) < 20, target, RANDOM.normal(size=ROWS))
    light = np.where(np.arange(ROWS) < 20, 1e-12, 1.0)
    assert warning(prediction, target) and not warning(prediction, target, light)


def test_a_label_that_only_differs_in_the_extreme_rows() -> None:
    target = np.where(np.arange(ROWS) < 20, 5.0, 0.0)
    assert "without the 50 of 1,000 rows whose labels are furthest from the mean, -inf" in warning(
        target + 0.001, target
    )


def test_few_rows_are_few_by_their_weights() -> None:
    """A tenth of the rows is extreme, of which only 30 have a weight."""
    target = target_with(100, 1e4)
    prediction = np.where(np.arange(ROWS) < 100, target, RANDOM.normal(size=ROWS))
    weights = np.where((np.arange(ROWS) >= 30) & (np.arange(ROWS) < 100), 1e-9, 1.0)
    assert not warning(prediction, target) and warning(prediction, target, weights)
