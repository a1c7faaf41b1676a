"""Attacks from the border, on models whose flips a closed form tells, behind scales that lead other attacks astray."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.attacks import Plan
from audit.attacks.batch import Batch
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.outcomes import AttackOutcomes
from audit.attacks.run import attack
from audit.errors import AuditError

from .kit import Judge, rows, space

COLUMNS = 12
EPS = {"inf": 0.1, "2": 0.4}
WEIGHTS, DECOY = np.random.default_rng(3).normal(size=(2, COLUMNS))
X = rows(300, COLUMNS)
HEIGHT = X @ WEIGHTS


def judge(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.astype(np.float64) @ WEIGHTS > 0, np.int32)


def logits(x: Any) -> Any:
    """A linear model whose logit is scaled by a function of the row that falls faster than the logit does."""
    import tensorflow as tf

    height, decoy = (tf.linalg.matvec(x, tf.constant(way, x.dtype)) for way in (WEIGHTS, DECOY))
    z = height * tf.exp(8 * decoy)
    return tf.stack([tf.zeros_like(z), z], 1)


def found(
    norm: Any, names: list[Any], decide: Judge = judge, batch: int = 512, **changed: Any
) -> AttackOutcomes:
    where = space(COLUMNS, **changed)
    known = rows(100, COLUMNS, seed=5)
    ascent = GradientAscent(logits, where, norm, X.dtype)
    data = Batch(X, judge(X), where, norm, decide, observed=known)
    return attack(data, ascent, Plan(names, [EPS[norm]], 0), batch_size=batch, surrogates={"border": ascent})


def near(norm: str, movable: Any = True) -> np.ndarray:
    """Return which rows lie within eps of the plane."""
    dual = np.abs(WEIGHTS * movable).sum() if norm == "inf" else np.linalg.norm(WEIGHTS * movable)
    return np.asarray(np.abs(HEIGHT) < EPS[norm] * dual)


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_the_gradient_at_the_border_does_not_see_the_scale(norm: Any) -> None:
    pgd, border = (outcome.flipped for outcome in found(norm, ["pgd", "border"]).outcomes)
    assert pgd.sum() < 0.8 * near(norm).sum()
    np.testing.assert_array_equal(border, near(norm))


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_decisions_alone_find_the_way_over_the_border(norm: Any) -> None:
    flipped = found(norm, ["decisions"]).outcomes[0].flipped
    assert not (flipped & ~near(norm)).any() and flipped.sum() >= 0.9 * near(norm).sum()


@pytest.mark.parametrize("name", ["border", "decisions"])
def test_rows_stand_for_themselves_and_columns_that_must_not_move_stay(name: Any) -> None:
    movable = np.arange(COLUMNS) % 3 > 0
    whole, parts = (found("inf", [name], batch=size, movable=movable).outcomes[0] for size in (512, 41))
    np.testing.assert_array_equal(whole.flipped, parts.flipped)
    assert whole.flipped.any() and not (whole.flipped & ~near("inf", movable)).any()
    np.testing.assert_array_equal(whole.adversarial[:, ~movable], X[whole.stored][:, ~movable])


def test_rows_that_no_observed_values_flip_stand() -> None:
    where = space(COLUMNS)
    alike = Batch(
        X, np.zeros(len(X), np.int32), where, "inf", lambda x: np.zeros(len(x), np.int32), observed=X
    )
    unknown = Batch(X, judge(X), where, "inf", judge)
    for data in (alike, unknown):
        assert (
            not attack(data, None, Plan(["decisions"], [EPS["inf"]], 0), batch_size=512)
            .outcomes[0]
            .flipped.any()
        )


def test_observed_values_without_scores_begin_no_walk() -> None:
    def fails_far_away(x: np.ndarray) -> np.ndarray:
        if len(x) == len(X) and not np.array_equal(x, X):
            raise AuditError(where="x", expected="scores", found="none", fix="none")
        return judge(x)

    flipped = found("inf", ["border"], fails_far_away).outcomes[0].flipped
    assert not flipped.any()
