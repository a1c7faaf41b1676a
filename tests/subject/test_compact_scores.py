"""Scores and codes are held in few bytes a row, and say the same as the model's own numbers."""

from __future__ import annotations

import numpy as np
import pytest

from audit.data.labels import Labels
from audit.model.head import Head
from audit.subject.class_order import ClassOrder
from audit.subject.predictions import Classified, Classifier

RAW = np.random.default_rng(3).random((500, 1)).astype(np.float32)
CODES = np.random.default_rng(4).integers(0, 2, 500).astype(np.uint8)


def classified(raw: np.ndarray, head: Head, favorable: int = 1) -> Classified:
    """Collect the raw outputs in two batches."""
    labels = Labels(["no", "yes"], CODES, [favorable])
    collector = Classifier(labels, head, ClassOrder(["no", "yes"], "given", False), 0.5)
    for batch in (raw[:200], raw[200:]):
        collector.add(batch)
    return collector.result()


@pytest.mark.parametrize("favorable", [0, 1])
@pytest.mark.parametrize("kind", ["sigmoid", "logits", "probabilities"])
def test_every_number_is_that_of_the_probabilities(kind: str, favorable: int) -> None:
    raw = np.concatenate([1 - RAW, RAW], axis=1) if kind == "probabilities" else RAW
    head = Head(kind, raw.shape[1], "")  # type: ignore[arg-type]
    scores = classified(raw, head, favorable)
    probabilities = head.probabilities(raw)
    certainty = probabilities[np.arange(len(raw)), CODES]
    np.testing.assert_array_equal(scores.favorable, probabilities[:, favorable])
    np.testing.assert_array_equal(scores.certainty, certainty)
    np.testing.assert_array_equal(scores.log_loss, -np.log(certainty))
    np.testing.assert_array_equal(scores.brier, (1 - certainty) ** 2)
    np.testing.assert_array_equal(scores.label, favorable == CODES)
    np.testing.assert_array_equal(scores.predicted, scores.guess == favorable)
    np.testing.assert_array_equal(scores.take(slice(100, 300)).certainty, certainty[100:300])


def test_a_row_of_32_bit_probabilities_takes_six_bytes() -> None:
    """Label and decision are the bytes of their classes."""
    scores = classified(RAW, Head("sigmoid", 1, ""))
    assert scores.outcomes and scores.held_certainty is scores.held_brier is None
    assert scores.outcomes.favorable.dtype == np.float32 and scores.code is CODES
    assert scores.code.itemsize == scores.guess.itemsize == 1
    assert np.shares_memory(scores.label, scores.code)
    assert np.shares_memory(scores.predicted, scores.guess)


def test_a_later_batch_may_need_more_bytes() -> None:
    raw = RAW.astype(np.float64)
    raw[400:] += 1e-12
    scores = classified(np.minimum(raw, 1.0), Head("sigmoid", 1, ""))
    np.testing.assert_array_equal(scores.favorable, np.minimum(raw, 1.0)[:, 0])
