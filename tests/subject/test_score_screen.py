"""Warnings of predictions that say nothing, against scikit-learn and by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy
from sklearn.metrics import log_loss, r2_score, roc_auc_score

from audit.subject.predictions import Classified, Outcomes, Regressed
from audit.subject.score_screen import score_warnings

RANDOM = np.random.default_rng(5)
LABEL = RANDOM.random(600) < 0.4


@pytest.fixture(autouse=True)
def generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test draws of its own, whichever tests ran before it."""
    monkeypatch.setitem(globals(), "RANDOM", np.random.default_rng(6))


def classified(favorable: np.ndarray, predicted: np.ndarray | None = None, **changes: Any) -> Classified:
    predicted = favorable >= 0.5 if predicted is None else predicted
    scores = Classified(
        classes=[0, 1],
        classes_from="",
        outcomes=Outcomes(favorable=favorable, label=LABEL, predicted=predicted),
        code=LABEL.astype(np.int32),
        guess=predicted.astype(np.int32),
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


def test_scores_that_rank_the_wrong_way_round() -> None:
    favorable = np.clip(0.5 - 0.3 * (LABEL - 0.4) + RANDOM.normal(0, 0.15, 600), 0, 1)
    text = warning(classified(favorable))
    assert f"the AUC of {roc_auc_score(LABEL, favorable):.3f} is below 0.5" in text


def test_decisions_of_chance_although_scores_rank() -> None:
    """Within each side of the threshold the scores follow the label; the side itself is chance."""
    side = RANDOM.random(600) < 0.5
    favorable = 0.5 * side + 0.3 * LABEL + RANDOM.uniform(0, 0.1, 600)
    scores = classified(favorable, predicted=side)
    assert roc_auc_score(LABEL, favorable) > 0.6
    rates = f"{side[LABEL].mean():.1%} of the favourable labels and {side[~LABEL].mean():.1%} of the others"
    assert rates in warning(scores) and "AUC" not in warning(scores)


def test_decisions_of_chance_are_noticed_at_the_level_of_their_interval() -> None:
    """One side of a 95 % interval: of decisions that know nothing 97.5 % are noticed, of slightly good ones few."""
    weights = RANDOM.exponential(size=600)
    for weight in (None, weights):
        chance = [
            "is not above its error" in "".join(score_warnings(classified(RANDOM.random(600)), weight, None))
            for _ in range(300)
        ]
        assert 0.94 <= np.mean(chance) <= 1
    good = np.where(RANDOM.random(600) < 0.65, LABEL, ~LABEL)
    assert "its error" not in warning(classified(np.where(good, 0.7, 0.3) + RANDOM.uniform(0, 0.1, 600)))


def several(probabilities: np.ndarray, code: np.ndarray, outcomes: Outcomes | None = None) -> Classified:
    return classified(
        probabilities[:, 0],
        classes=list("abc"),
        outcomes=outcomes,
        code=code.astype(np.int32),
        guess=probabilities.argmax(1).astype(np.int32),
        held_certainty=probabilities[np.arange(len(code)), code],
        held_brier=np.zeros(len(code)),
        probabilities=probabilities,
    )


def three_class_scores(skill: float, sharpness: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities and labels: the logit of the true class is raised by ``skill``."""
    code = RANDOM.choice(3, 600, p=[0.6, 0.3, 0.1])
    logits = np.log([0.6, 0.3, 0.1]) + RANDOM.normal(size=(600, 3)) * 0.5
    logits[np.arange(600), code] += skill
    return softmax(sharpness * logits, 1), code


@pytest.mark.parametrize("with_outcomes", [False, True])
def test_several_classes_are_compared_with_their_frequencies(with_outcomes: bool) -> None:
    def text(probabilities: np.ndarray, code: np.ndarray) -> str:
        outcomes = Outcomes(
            favorable=probabilities[:, 0], label=code == 0, predicted=probabilities.argmax(1) == 0
        )
        return warning(several(probabilities, code, outcomes if with_outcomes else None))

    probabilities, code = three_class_scores(2.0)
    assert text(probabilities, code) == ""
    probabilities, code = three_class_scores(0.0, 6.0)
    frequencies = np.bincount(code) / 600
    shown = text(probabilities, code)
    accuracy = (probabilities.argmax(1) == code).mean()
    assert (
        f"accuracy of {accuracy:.3f} is not above the share of the most frequent class, {frequencies.max():.3f}"
        in shown
    )
    assert f"log loss of {log_loss(code, probabilities):.3f} is above that of the class frequencies" in shown
    assert f"frequencies, {entropy(frequencies):.3f}, by more than its error" in shown


def test_frequencies_are_those_of_the_weights() -> None:
    """Where rows of class a hardly count, predicting it always is right in hardly any of the weight."""
    probabilities, code = three_class_scores(0.0)
    weights = np.where(code == 0, 0.01, 1.0)
    share = weights[code == 1].sum() / weights.sum()
    text = "".join(score_warnings(several(probabilities, code), weights, None))
    assert f"the share of the most frequent class, {share:.3f}, by more" in text
