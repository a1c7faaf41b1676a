"""What follows a head leaves its logits alone; a gate that is no head is not believed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logit

import audit
from audit.model.graph.freeze import FreezeFailure, freeze
from audit.model.logits.logits import CONFIRMED_ROWS

from ...audits import content, file_rows, store
from ...models import save
from .surgery import audited, gradient, numbers, odds, uncut, values

WEIGHTS = np.array([[0.9], [-0.6]], np.float32)
GATE = np.array([[-0.4], [1.1]], np.float32)
Score = Callable[[Any, Any], Any]
"""From the logit and the gate's input, both ``(rows, 1)``, to the score."""


def export(path: Path, score: Score) -> Path:
    save(path, lambda x: score(tf.matmul(x, WEIGHTS), tf.matmul(x, GATE)), x=([None, 2], tf.float32))
    return path


def z() -> np.ndarray:
    return np.asarray(numbers().to_numpy(np.float64) @ WEIGHTS)[:, 0]


TAILS: dict[str, Score] = {
    "rounded": lambda z, _: tf.round(tf.sigmoid(z) * 100) / 100,
    "clipped": lambda z, _: tf.clip_by_value(tf.sigmoid(z), 0.2, 0.8),
    "threshold": lambda z, _: tf.cast(tf.sigmoid(z) > 0.5, tf.float32),
    "calibrated": lambda z, _: 0.6 * tf.sigmoid(z) + 0.3,
    "reversed and rounded": lambda z, _: 1 - tf.round(tf.sigmoid(z) * 10) / 10,
    "half precision": lambda z, _: tf.cast(tf.sigmoid(tf.cast(z, tf.float16)), tf.float32),
    "two columns": lambda z, _: tf.concat([1 - tf.round(tf.sigmoid(z)), tf.round(tf.sigmoid(z))], 1),
}


@pytest.mark.parametrize("name", TAILS)
def test_logits_below_a_tail(tmp_path: Path, name: str) -> None:
    found = audited(export(tmp_path / "m", TAILS[name]), numbers(), tmp_path, output="probabilities")
    sign = -1 if "reversed" in name else 1
    atol = 5e-3 if "half" in name else 1e-5  # of the logits themselves, in their own precision
    np.testing.assert_allclose(odds(found), sign * z(), atol=atol)
    assert found.logits.exact and "Sigmoid" in found.logits.evidence
    np.testing.assert_allclose(gradient(found), np.tile(sign * WEIGHTS[:, 0], (len(z()), 1)), rtol=2e-3)


def test_what_a_tail_changes_is_measured(tmp_path: Path) -> None:
    found = audited(export(tmp_path / "m", TAILS["calibrated"]), numbers(), tmp_path, output="probabilities")
    p = 1 / (1 + np.exp(-z()))
    assert f"by up to {np.abs(0.6 * p + 0.3 - p).max():.2g}, " in found.logits.evidence


def tanh_score(z: Any, _: Any) -> Any:
    return (tf.tanh(z) + 1) / 2


GATES: dict[str, Score] = {
    "attention": lambda z, g: tanh_score(z * tf.sigmoid(g), g),
    "by hand": lambda z, g: 1 / (1 + tf.exp(-z * tf.sigmoid(g))),
    "memory cell": lambda z, g: (tf.sigmoid(g) * tf.tanh(z) + 1) / 2,
    "two hidden units": lambda z, g: tanh_score(
        tf.reduce_sum(tf.sigmoid(tf.concat([z, g], 1)), 1)[:, None], g
    ),
    "softmax of two": lambda z, g: tanh_score(z * tf.nn.softmax(tf.concat([z, g], 1))[:, :1], g),
    "none": lambda z, _: tf.clip_by_value(0.5 + z / 20, 0, 1),
}


@pytest.mark.parametrize("name", GATES)
def test_a_gate_is_not_believed(tmp_path: Path, name: str) -> None:
    found = audited(export(tmp_path / "m", GATES[name]), numbers(scale=1), tmp_path)
    np.testing.assert_allclose(odds(found), logit(np.clip(uncut(found), 1e-7, 1 - 1e-7)), atol=1e-3)
    assert not found.logits.exact and "differences are lost" in found.logits.evidence


def test_the_head_is_found_beside_a_gate_that_is_as_near(tmp_path: Path) -> None:
    """All but the head's own score is 1 on these rows, and both sigmoids flow into the product."""
    for order, score in enumerate([
        lambda z, g: tf.sigmoid(z) * tf.sigmoid(g + 40.0),
        lambda z, g: tf.sigmoid(g + 40.0) * tf.sigmoid(z),
    ]):  # fmt: skip
        found = audited(export(tmp_path / f"m{order}", score), numbers(), tmp_path)
        np.testing.assert_allclose(odds(found), z(), atol=1e-5)


def test_a_nearer_sigmoid_that_orders_alike_is_not_preferred(tmp_path: Path) -> None:
    def score(z: Any, _: Any) -> Any:
        head = tf.reshape(tf.reshape(tf.sigmoid(z), [-1]), [-1, 1])
        return head + 0 * tf.sigmoid(3 * z + 1)

    found = audited(export(tmp_path / "m", score), numbers(), tmp_path, output="probabilities")
    np.testing.assert_allclose(odds(found), z(), atol=1e-5)
    assert "Sigmoid" in found.logits.evidence and ";" not in found.logits.evidence


def test_an_order_that_may_be_luck_is_not_believed(tmp_path: Path) -> None:
    """One row of 300 is scored 1, and happens to be that with the gate's greatest input."""
    frame = numbers()
    gate = frame.to_numpy() @ GATE
    row = frame.iloc[int(gate.argmax())]

    def score(_: Any, g: Any) -> Any:
        return tf.cast((tf.sigmoid(g) > 0) & (tf.abs(g - float(gate.max())) < 1e-3), tf.float32)

    found = audited(export(tmp_path / "m", score), frame, tmp_path)
    assert found.predictor(row.to_numpy(np.float32)[None]) == [1]
    assert uncut(found).sum() == 1
    assert not found.logits.exact


def saturated(path: Path) -> Path:
    return export(path, lambda z, _: tf.sigmoid(60 * z))


def test_a_saturated_score_has_a_gradient_below_it(tmp_path: Path) -> None:
    found = audited(saturated(tmp_path / "m"), numbers(), tmp_path)
    x = tf.constant(numbers().to_numpy())
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = found.model.signature.function(x=x)["score"]
    without = ~np.asarray(tape.gradient(score, x)).any(1)
    assert without.mean() > 0.5 and np.isin(score.numpy()[without], [0.0, 1.0]).all()
    np.testing.assert_allclose(gradient(found), np.tile(60 * WEIGHTS[:, 0], (len(x), 1)), rtol=1e-5)


def test_a_model_that_cannot_be_frozen_is_still_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("no such graph")

    monkeypatch.setattr("audit.model.model.freeze", refuse)
    found = audited(export(tmp_path / "m", lambda z, _: tf.sigmoid(z)), numbers(), tmp_path)
    np.testing.assert_allclose(odds(found), z(), rtol=1e-3, atol=1e-4)
    assert not found.logits.exact and found.logits.players.tolist() == [0, 1]
    assert np.abs(gradient(found)).min() > 0.1


@pytest.mark.parametrize("error", [RuntimeError, TypeError, AttributeError])
def test_the_reason_is_kept_why_a_graph_cannot_be_frozen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """TensorFlow raises such errors too, at operations that it does not expect."""

    def refuse(*_: Any) -> None:
        raise error("no such graph")

    monkeypatch.setattr("audit.model.model.freeze", refuse)
    model = audited(export(tmp_path / "m", lambda z, _: tf.sigmoid(z)), numbers(), tmp_path).model
    assert model.frozen is None
    assert model.freeze_result == FreezeFailure(f"{error.__name__}: no such graph")


@pytest.mark.parametrize("name", ["with_constants", "replace"])
def test_a_mistake_of_ours_is_no_property_of_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = export(tmp_path / "m", lambda z, _: tf.sigmoid(z))
    monkeypatch.delattr(f"audit.model.graph.freeze.{name}")
    with pytest.raises(NameError, match=name):
        audited(path, numbers(), tmp_path)


def test_an_unfrozen_regression_is_still_its_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("no such graph")

    monkeypatch.setattr("audit.model.model.freeze", refuse)
    found = audited(export(tmp_path / "m", lambda z, _: z), numbers(), tmp_path, output="regression")
    logits = tf.function(found.logits)(tf.constant(file_rows(found))).numpy()
    np.testing.assert_allclose(logits[:, 0], z(), atol=1e-5)
    assert found.logits.exact


def test_the_whole_file_confirms(tmp_path: Path) -> None:
    """In a sorted file the first rows are alike: there, and only there, the scores follow the gate."""
    frame = numbers(rows=3 * CONFIRMED_ROWS).sort_values("a", ignore_index=True)
    border = float(frame["a"].iloc[3 * CONFIRMED_ROWS // 2])
    plain = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def call(x: Any) -> dict[str, Any]:
        z, gate = tf.matmul(x, WEIGHTS), tf.sigmoid(tf.matmul(x, GATE))
        return {"score": tf.where(x[:, :1] < border, gate, tanh_score(z, z))}

    plain.call = call
    tf.saved_model.save(plain, str(tmp_path / "m"), signatures={"serving_default": call})
    assert not audited(tmp_path / "m", frame, tmp_path).logits.exact


def test_the_graph_is_frozen_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is audited is frozen to follow the sizes of batches; the logits are cut out of the same graph."""
    frozen: list[str] = []

    def counted(function: Any, output: str, entries: Any, column: int | None) -> Any:
        frozen.append(output)
        return freeze(function, output, entries, column)

    monkeypatch.setattr("audit.model.model.freeze", counted)
    frame = numbers().assign(label=np.arange(300) % 2)
    policy = content(export(tmp_path / "m", TAILS["clipped"]), store(frame, tmp_path), favorable=1)
    report = audit.run({**policy, "checks": {"explainability": False, "robustness": False}})
    assert [check.name for check in report.checks if check.measurements] and frozen == ["score"]
    assert audited(tmp_path / "m", numbers(), tmp_path).logits.exact and frozen == ["score"] * 2


def test_a_sigmoid_that_agrees_on_the_data_alone_is_not_believed(tmp_path: Path) -> None:
    """The graph takes ``b`` where it equals ``a``, as in every row of the data, and ``a`` elsewhere: it reads ``a``."""

    def score(x: Any) -> Any:
        a, b = x[:, :1], x[:, 1:]
        return tf.where(tf.equal(a, b), tf.sigmoid(2 * b), tf.sigmoid(2 * a))

    save(tmp_path / "m", score, x=([None, 2], tf.float32))
    frame = numbers().assign(b=lambda table: table["a"])
    found = audited(tmp_path / "m", frame, tmp_path, output="probabilities")
    mixed = np.stack([np.full(50, 1.0), np.linspace(-3, 3, 50)], axis=1).astype(np.float32)
    seen = values(found, mixed)
    np.testing.assert_allclose(seen[:, 1] - seen[:, 0], np.full(50, 2.0), atol=1e-5)


def test_a_model_without_scores_for_mixed_rows_is_still_cut(tmp_path: Path) -> None:
    def score(x: Any) -> Any:
        apart = tf.abs(x[:, :1] - x[:, 1:]) > 1e-6
        return tf.where(apart, np.nan, tf.sigmoid(x[:, :1]))

    save(tmp_path / "m", score, x=([None, 2], tf.float32))
    frame = numbers().assign(b=lambda table: table["a"])
    found = audited(tmp_path / "m", frame, tmp_path, output="probabilities")
    assert found.logits.exact
    np.testing.assert_allclose(odds(found), frame["a"].to_numpy(), atol=1e-5)
