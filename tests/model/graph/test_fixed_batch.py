"""Signatures of a fixed number of rows, and what holds a place in the matrix by more than one number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from audit.subject.subject import Subject

from ...audits import file_rows
from ..logits.surgery import audited, export, gradient, numbers, odds

WEIGHTS = np.array([[0.9], [-0.6]], np.float32)
BATCH = 16


def fixed(path: Path) -> Path:
    def score(m: Any, x: Any) -> Any:
        return tf.sigmoid(x @ m.w)

    return export(path, score, {"x": ([BATCH, 2], tf.float32)}, w=tf.Variable(WEIGHTS))


def pinned(path: Path) -> Path:
    """The number of rows stands inside the graph as well."""

    def score(m: Any, x: Any) -> Any:
        return tf.sigmoid(tf.reduce_sum(tf.reshape(x, [BATCH, 2]) * m.w[:, 0], 1, keepdims=True))

    return export(path, score, {"x": ([BATCH, 2], tf.float32)}, w=tf.Variable(WEIGHTS))


@pytest.mark.parametrize("rows", [1 + BATCH, 5 * BATCH, 3 * BATCH - 1])
def test_the_last_batch_is_filled_up(tmp_path: Path, rows: int) -> None:
    frame = numbers(rows=rows)
    found = audited(fixed(tmp_path / "m"), frame, tmp_path)
    signature = tf.saved_model.load(str(tmp_path / "m")).signatures["serving_default"]
    x = frame.to_numpy()
    padded = np.concatenate([x, np.repeat(x[-1:], -rows % BATCH, 0)])
    parts = [
        signature(x=tf.constant(part))["score"].numpy() for part in np.split(padded, len(padded) // BATCH)
    ]
    assert np.array_equal(found.scores.favorable, np.concatenate(parts)[:rows, 0])  # type: ignore[union-attr]


def test_the_cut_graph_takes_any_number_of_rows(tmp_path: Path) -> None:
    found = audited(fixed(tmp_path / "m"), numbers(), tmp_path)
    assert found.logits.exact and found.model_facts.differentiable
    _as_the_closed_form(found)


def test_where_the_graph_is_pinned_the_signature_goes_on_by_batches(tmp_path: Path) -> None:
    found = audited(pinned(tmp_path / "m"), numbers(scale=1), tmp_path)
    assert not found.logits.exact and found.model_facts.differentiable
    _as_the_closed_form(found)


def _as_the_closed_form(found: Subject) -> None:
    x = file_rows(found)
    np.testing.assert_allclose(odds(found), (x @ WEIGHTS)[:, 0], atol=1e-4)
    np.testing.assert_allclose(gradient(found), np.broadcast_to(WEIGHTS[:, 0], x.shape), rtol=1e-3)


def test_a_column_of_lists_is_one_feature_a_place(tmp_path: Path) -> None:
    frame = numbers()
    lists = frame.assign(x=list(frame.to_numpy())).drop(columns=["a", "b"])
    found = audited(fixed(tmp_path / "m"), lists, tmp_path)
    assert [column.name for column in found.features.columns] == ["x[0]", "x[1]"]
    assert np.array_equal(file_rows(found), frame.to_numpy())
