"""The favourable outcome's log-odds and the logits of the decision, against closed forms in numpy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit, softmax

from audit.model.decision import DecisionRule, decision_logits, explained_logit, explained_score
from audit.model.head import Head


def drawn(classes: int, rows: int = 400, scale: float = 3.0) -> np.ndarray:
    return np.random.default_rng(classes).normal(0, scale, (rows, classes))


def classifier(classes: int, favorable: list[int], threshold: float = 0.5) -> DecisionRule:
    return DecisionRule(Head("probabilities", classes, ""), favorable, threshold)


@pytest.mark.parametrize(
    ("classes", "favorable"), [(2, [1]), (2, [0]), (3, [2]), (3, [0, 2]), (10, [1, 4, 5]), (3, [0, 1])]
)
def test_the_favourable_log_odds(classes: int, favorable: list[int]) -> None:
    logits = drawn(classes)
    decider = classifier(classes, favorable)
    p = softmax(logits, 1)[:, favorable].sum(1)
    np.testing.assert_allclose(explained_logit(tf.constant(logits), decider), logit(p), atol=1e-9)
    np.testing.assert_allclose(explained_score(tf.constant(logits), decider), p, atol=1e-12)
    np.testing.assert_array_equal(decider.decide(softmax(logits, 1))[0] > 0.5, logit(p) > 0)


def test_log_odds_keep_what_32_bit_scores_lose() -> None:
    found = explained_logit(tf.constant([[0.0, 50.0, 0.0]], tf.float32), classifier(3, [1]))
    np.testing.assert_allclose(found, [50 - np.log(2)], rtol=1e-6)


def test_the_value_of_a_regression_is_as_it_is() -> None:
    decider = DecisionRule(Head("regression", 1, ""), [1], 0.5, 150.0)
    value = tf.constant([[149.0], [150.5]])
    assert explained_logit(value, decider).numpy().tolist() == [149.0, 150.5]
    assert explained_score(value, decider).numpy().tolist() == [149.0, 150.5]


@pytest.mark.parametrize("at_least", [-1.0, 0.0, 2.5])
def test_a_regression_is_decided_at_its_limit(at_least: float) -> None:
    decider = DecisionRule(Head("regression", 1, ""), [1], 0.5, at_least)
    raw = drawn(1)
    logits = decision_logits(tf.constant(raw), decider).numpy()
    np.testing.assert_array_equal(logits.argmax(1), decider.decide(raw)[1])
    np.testing.assert_allclose(logits[:, 1] - logits[:, 0], raw[:, 0] - at_least, atol=1e-12)


@pytest.mark.parametrize(("classes", "favorable"), [(3, [2]), (3, [0, 2]), (10, [1, 4])])
def test_several_classes_are_decided_by_the_largest(classes: int, favorable: list[int]) -> None:
    logits, decider = drawn(classes), classifier(classes, favorable, 0.2)
    found = decision_logits(tf.constant(logits), decider).numpy()
    np.testing.assert_array_equal(found.argmax(1), decider.decide(softmax(logits, 1))[1])


@settings(max_examples=40)
@given(st.floats(0.01, 0.99), st.sampled_from([0, 1]), st.integers(0, 2**32))
def test_two_classes_are_decided_at_any_threshold(threshold: float, favorable: int, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 3, (200, 2))
    decider = classifier(2, [favorable], threshold)
    found = decision_logits(tf.constant(logits), decider).numpy()
    np.testing.assert_array_equal(found.argmax(1), decider.decide(softmax(logits, 1))[1])
    margin = found[:, favorable] - found[:, 1 - favorable]
    np.testing.assert_allclose(
        expit(margin + np.log(threshold / (1 - threshold))), softmax(logits, 1)[:, favorable]
    )


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_a_threshold_at_the_end_stays_finite(threshold: float) -> None:
    logits = drawn(2)
    found = decision_logits(tf.constant(logits), classifier(2, [1], threshold)).numpy()
    assert np.isfinite(found).all() and (found.argmax(1) == 1 - threshold).all()
