"""Images are scored by calls whose widest tensor is bounded; tables by one call, whatever it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from audit.errors import AuditError
from audit.model.differentiability import differentiable
from audit.model.graph import row_width
from audit.model.model import Model, open_model
from audit.policy.model import ModelSpec
from audit.subject.predictor import Predictor

from ..audits import content, subject
from ..models import save

SIDE, FILTERS = 8, 16
WIDEST = SIDE * SIDE * FILTERS
IMAGES = np.random.default_rng(0).random((10, SIDE, SIDE, 1)).astype(np.float32)


def score(images: Any) -> Any:
    kernel = tf.constant(np.random.default_rng(1).normal(size=(3, 3, 1, FILTERS)), tf.float32)
    layer = tf.nn.relu(tf.nn.conv2d(images, kernel, 1, "SAME"))
    return tf.sigmoid(tf.reduce_mean(layer, [1, 2, 3])[:, None] - 1)


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> int:
    """Leave room for four rows of the layer's numbers."""
    monkeypatch.setattr(row_width, "_MAX_TENSOR_BYTES", 4 * 4 * WIDEST)
    return 4


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of rows that models are called with from now on."""
    rows, outputs = list[int](), Model.outputs

    def counted(self: Model, tensors: Mapping[str, Any]) -> Any:
        rows.append(len(next(iter(tensors.values()))))
        return outputs(self, tensors)

    monkeypatch.setattr(Model, "outputs", counted)
    return rows


def model_of(folder: Path, made: Any = score, shape: tuple[int | None, ...] = (SIDE, SIDE, 1)) -> Model:
    save(folder / "model", made, x=([None, *shape], tf.float32))
    return open_model(ModelSpec(path="model"), folder / "model")


def test_calls_follow_the_widest_layer(tmp_path: Path, limit: int, calls: list[int]) -> None:
    model = model_of(tmp_path)
    raw = model({"x": tf.constant(IMAGES)})
    assert calls == [limit, limit, 2]
    np.testing.assert_allclose(raw, score(IMAGES), atol=1e-6)


def test_of_open_sizes_the_row_decides(tmp_path: Path, limit: int, calls: list[int]) -> None:
    model_of(tmp_path, shape=(None, None, 1))({"x": tf.constant(IMAGES)})
    assert calls == [8, 2]  # eight numbers for each of an image's 64


def test_a_table_is_one_call(tmp_path: Path, limit: int, calls: list[int]) -> None:
    model = model_of(tmp_path, lambda x: tf.sigmoid(x[:, :1]), (5 * WIDEST,))
    model({"x": tf.zeros([10, 5 * WIDEST])})
    assert calls == [10]


def test_a_row_without_a_score_keeps_its_number(tmp_path: Path, limit: int) -> None:
    images = IMAGES.copy()
    images[6] = np.nan
    with pytest.raises(AuditError, match="first in row 107"):
        model_of(tmp_path)({"x": tf.constant(images)}, 101)


def test_a_tape_takes_fewer_rows_and_ends_at_a_gradient(tmp_path: Path, limit: int, calls: list[int]) -> None:
    model = model_of(tmp_path)
    assert differentiable(model, {"x": tf.constant(IMAGES)})
    assert calls == [1]
    flat = model_of(tmp_path / "flat", lambda x: tf.round(score(x)))
    assert not differentiable(flat, {"x": tf.constant(IMAGES)})
    assert calls == [1] * 11


def test_the_predictor_decides_by_the_same_calls(tmp_path: Path, limit: int, calls: list[int]) -> None:
    save(tmp_path / "m", score, images=([None, SIDE, SIDE, 1], tf.float32))
    np.savez(tmp_path / "data.npz", images=IMAGES, label=np.arange(len(IMAGES)) % 2)
    audited = subject(content(tmp_path / "m", tmp_path / "data.npz", pixels=[0, 1]))
    columns = audited.features.columns
    predictor = Predictor(audited.model, audited.feeds, columns, audited.decision_rule)
    assert max(calls) == limit  # the determinism of a batch is looked at within such calls as well
    calls.clear()
    predictor(audited.features.data.matrix)
    assert calls == [limit, limit, 2]
    assert audited.logits.widest == WIDEST
