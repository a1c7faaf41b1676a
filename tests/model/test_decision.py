"""A limit written in decimals is reached by the number that prints as it, whatever type holds that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.model.decision import DecisionRule
from audit.model.head import Head

from ..audits import content, store, subject
from ..models import save

TYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
HUNDREDTHS = st.integers(1, 99).map(lambda n: n / 100)


def decider(kind: Any, width: int, favorable: int = 1, **limits: float) -> DecisionRule:
    return DecisionRule(
        Head(kind, width, ""), [favorable], limits.get("threshold", 0.5), limits.get("at_least")
    )


@settings(max_examples=200)
@given(HUNDREDTHS, st.sampled_from(TYPES), st.sampled_from([1, 2]))
def test_a_score_reaches_the_threshold_that_it_was_written_as(limit: float, dtype: Any, width: int) -> None:
    score = np.array([[limit]], dtype)
    raw = score if width == 1 else np.concatenate([1 - score, score], 1)
    kind = "sigmoid" if width == 1 else "probabilities"
    assert decider(kind, width, threshold=limit).decide(raw)[1] == [1]


@settings(max_examples=200)
@given(HUNDREDTHS, st.sampled_from(TYPES), st.sampled_from([-1, 1]))
def test_the_next_number_of_the_type_is_told_from_the_threshold(limit: float, dtype: Any, step: int) -> None:
    bits = {2: np.int16, 4: np.int32, 8: np.int64}[np.dtype(dtype).itemsize]
    score = (np.array([[limit]], dtype).view(bits) + bits(step)).view(dtype)
    assert decider("sigmoid", 1, threshold=limit).decide(score)[1] == [step > 0]


@settings(max_examples=200)
@given(HUNDREDTHS, st.sampled_from(TYPES))
def test_what_is_left_of_one_reaches_the_threshold_of_the_other_class(limit: float, dtype: Any) -> None:
    """One column scores the second class; the first is favourable up to the score that is left."""
    raw = np.array([[round(1 - limit, 2)]], dtype)
    assert decider("sigmoid", 1, favorable=0, threshold=limit).decide(raw)[1] == [0]
    bits = {2: np.int16, 4: np.int32, 8: np.int64}[raw.dtype.itemsize]
    above = (raw.view(bits) + bits(1)).view(dtype)
    assert decider("sigmoid", 1, favorable=0, threshold=limit).decide(above)[1] == [1]


@settings(max_examples=100)
@given(st.integers(-10_000, 10_000).map(lambda n: n / 10), st.sampled_from(TYPES))
def test_a_prediction_reaches_the_limit_that_it_was_written_as(limit: float, dtype: Any) -> None:
    raw = np.array([[limit]], dtype)
    assert decider("regression", 1, at_least=limit).decide(raw)[1] == [1]


@settings(max_examples=200)
@given(
    st.lists(HUNDREDTHS, min_size=1, max_size=8),
    st.lists(HUNDREDTHS, min_size=1, max_size=5, unique=True).map(sorted),
    st.sampled_from(TYPES),
    st.sampled_from(
        [("sigmoid", 1, 0), ("sigmoid", 1, 1), ("probabilities", 2, 0), ("logits", 1, 0), ("logits", 1, 1)]
    ),
)
def test_a_row_reaches_as_many_thresholds_as_decide_for_it(
    scores: list[float], thresholds: list[float], dtype: Any, head: tuple[Any, int, int]
) -> None:
    kind, width, favorable = head
    column = np.array(scores, dtype)[:, None]
    raw = column if width == 1 else np.concatenate([column, 1 - column], 1)
    one = decider(kind, width, favorable)
    levels = one.levels(one.decide(raw)[0], np.array(thresholds), raw.dtype)
    each = [
        decider(kind, width, favorable, threshold=limit).decide(raw)[1] == favorable for limit in thresholds
    ]
    assert levels.tolist() == np.sum(each, axis=0).tolist()


@settings(max_examples=50)
@given(
    st.lists(HUNDREDTHS, min_size=1, max_size=8),
    st.lists(HUNDREDTHS, min_size=1, max_size=5, unique=True).map(sorted),
)
def test_a_prediction_reaches_as_many_limits_as_decide_for_it(
    scores: list[float], limits: list[float]
) -> None:
    raw = np.array(scores, np.float32)[:, None]
    one = decider("regression", 1, at_least=0.5)
    each = [decider("regression", 1, at_least=limit).decide(raw)[1] for limit in limits]
    levels = one.levels(one.decide(raw)[0], np.array(limits), raw.dtype)
    assert levels.tolist() == np.sum(each, axis=0).tolist()


def test_limits_beyond_a_type_are_reached_by_nothing_finite() -> None:
    found = decider("regression", 1, at_least=1e6).decide(np.array([[6e4]], np.float16))
    assert found[1] == [0] and found[0] == [6e4]


@pytest.mark.parametrize("dtype", [tf.float32, tf.float16, tf.bfloat16], ids=lambda d: d.name)
def test_an_audit_counts_scores_at_the_threshold(tmp_path: Path, dtype: Any) -> None:
    save(tmp_path / "model", lambda x: tf.cast(x, dtype), x=([None, 1], tf.float64))
    frame = pd.DataFrame({"x": [0.7, 0.3] * 20 + [0.7], "label": [1, 0] * 20 + [1]})  # no copies of a part
    policy = content(tmp_path / "model", store(frame, tmp_path), spec={"output": "probabilities"})
    for threshold, expected in ((0.7, 21), (0.3, 41), (0.8, 0)):
        policy["data"]["threshold"] = threshold
        found = subject(policy)
        assert found.scores.predicted is not None and found.scores.predicted.sum() == expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_audit_counts_predictions_and_labels_at_the_limit(tmp_path: Path, dtype: str) -> None:
    save(tmp_path / "model", lambda x: tf.cast(x, tf.float32), x=([None, 1], tf.float64))
    labels = np.array([99.3, 150.1] * 20 + [150.1], dtype)
    frame = pd.DataFrame({"x": [150.1, 99.3] * 20 + [150.1], "label": labels})
    spec = {"output": "regression"}
    policy = content(tmp_path / "model", store(frame, tmp_path), spec=spec, favorable={"at_least": 99.3})
    for limit, expected in ((99.3, 41), (150.1, 21), (150.2, 0)):
        policy["data"]["favorable"] = {"at_least": limit}
        found = subject(policy).scores
        assert found.label is not None and found.predicted is not None
        assert (found.label.sum(), found.predicted.sum()) == (expected, expected)
