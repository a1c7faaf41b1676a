"""Warnings of predictions that say nothing, against scikit-learn and by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from audit.subject.predictions import Classified, Outcomes, Regressed
from audit.subject.score_screen import score_warnings

RANDOM = np.random.default_rng(5)
LABEL = RANDOM.random(600) < 0.4


def classified(favorable: np.ndarray, predicted: np.ndarray | None = None, **changes: Any) -> Classified:
    predicted = favorable >= 0.5 if predicted is None else predicted
    certainty = np.where(LABEL, favorable, 1 - favorable)
    scores = Classified(
        classes=[0, 1],
        classes_from="",
        outcomes=Outcomes(favorable=favorable, label=LABEL, predicted=predicted),
        code=LABEL.astype(np.int32),
        guess=predicted.astype(np.int32),
        certainty=certainty,
        log_loss=-np.log(np.maximum(certainty, 1e-15)),
        brier=(1 - certainty) ** 2,
        dtype=np.dtype(np.float32),
    )
    return replace(scores, **changes)


def warning(scores: Classified | Regressed) -> str:
    return "".join(score_warnings(scores, None, None))


def test_informative_scores_give_no_warning() -> None:
    favorable = np.clip(0.45 + 0.3 * (LABEL - 0.4) + RANDOM.normal(0, 0.15, 600), 0, 1)
    assert roc_auc_score(LABEL, favorable) > 0.7 and warning(classified(favorable)) == ""


def test_constant_scores_show_every_sign() -> None:
    text = warning(classified(np.full(600, 1e-9)))
    assert "every row has the score 1e-09" in text and "no row is predicted favourable" in text
    assert "AUC of 0.500" in text and "as in training" in text


@pytest.mark.parametrize(("shift", "words"), [(0.0, "no row"), (0.6, "every row")])
def test_one_decision_for_all_rows_although_scores_rank(shift: float, words: str) -> None:
    text = warning(classified(np.clip(0.1 + 0.2 * LABEL + RANDOM.uniform(0, 0.1, 600) + shift, 0, 1)))
    assert f"{words} is predicted favourable" in text and "AUC" not in text


def test_chance_is_noticed_at_the_level_of_its_interval() -> None:
    """Of scores that know nothing, about 95 % are noticed; of good ones, none is taken for chance."""
    noticed = ["AUC" in warning(classified(RANDOM.random(600))) for _ in range(300)]
    assert 0.9 <= np.mean(noticed) <= 0.99


def test_several_classes_predicted_as_one() -> None:
    favorable = np.clip(0.3 * LABEL + RANDOM.uniform(0.1, 0.2, 600), 0, 1)
    scores = classified(favorable, classes=["a", "b", "c"], guess=np.full(600, 2, np.int32))
    outcomes = Outcomes(favorable=favorable, label=LABEL, predicted=RANDOM.random(600) < 0.5)
    scores = replace(scores, outcomes=outcomes)
    assert "every row is predicted 'c'" in warning(scores)


def regressed(prediction: np.ndarray, target: np.ndarray) -> Regressed:
    return Regressed(
        target=target, prediction=prediction, label=None, predicted=None, dtype=np.dtype(np.float32)
    )


def test_regressions_are_compared_with_the_mean_label() -> None:
    target = RANDOM.normal(100, 20, 600)
    for prediction in (target + RANDOM.normal(0, 5, 600), target + 40, RANDOM.permutation(target)):
        assert ("mean label" in warning(regressed(prediction, target))) == (r2_score(target, prediction) <= 0)
    assert "every row has the prediction 3" in warning(regressed(np.full(600, 3.0), target))
