"""Functions that XLA compiles are differentiated as TensorFlow does: the head is found, FGSM and PGD run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import audit
from audit.check import policy_from
from audit.model.describe import describe

from ...audits import content, store, subject
from ...model_cache import built

WEIGHTS = np.array([[1.0], [-2.0], [0.5]], np.float32)
COLUMNS = ["a", "b", "c"]
SPEC = [tf.TensorSpec([None, 3], tf.float32, name="x")]


def _save(path: Path, score: Any, compiled: str, **held: Any) -> None:
    module = tf.Module()
    for name, value in held.items():
        setattr(module, name, value)
    inner = tf.function(score, jit_compile=compiled != "none", autograph=False)
    jit = {"jit_compile": True} if compiled == "signature" else {}
    module.call = tf.function(lambda x: {"score": inner(x)}, input_signature=SPEC, **jit)
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.call})


def dense(path: Path, compiled: str) -> None:
    weight = tf.Variable(WEIGHTS)
    _save(
        path, lambda x: tf.sigmoid(tf.matmul(tf.nn.relu(x) - tf.nn.relu(-x), weight)), compiled, weight=weight
    )


def recurrent(path: Path, compiled: str) -> None:
    """An LSTM: TensorFlow has no gradient of its loop once XLA has compiled it, and the inlined loop has one."""
    import keras

    keras.utils.set_random_seed(3)
    network = keras.Sequential(
        [keras.layers.Input((3, 1)), keras.layers.LSTM(4), keras.layers.Dense(1, "sigmoid")]
    )
    _save(path, lambda x: network(x[:, :, None]), compiled, network=network)


def rows() -> pd.DataFrame:
    random = np.random.default_rng(1)
    frame = pd.DataFrame(random.normal(size=(300, 3)).astype("float32"), columns=COLUMNS)
    odds = frame.to_numpy() @ WEIGHTS[:, 0]
    return frame.assign(label=(odds + random.logistic(size=300) > 0).astype(int))


@pytest.mark.parametrize("compiled", ["inner", "signature"])
@pytest.mark.parametrize("network", [dense, recurrent])
def test_the_cut_gradient_is_that_of_the_plain_model(tmp_path: Path, network: Any, compiled: str) -> None:
    data = store(rows(), tmp_path)
    gradients = []
    for kind in ("none", compiled):
        model = built(f"{network.__name__}-{kind}", lambda path, k=kind: network(path, k), Path(__file__))  # type: ignore[misc]
        found = subject(content(model, data))
        assert found.logits.exact and "Sigmoid" in found.logits.evidence
        x = tf.constant(found.features.data.matrix)
        with tf.GradientTape() as tape:
            tape.watch(x)
            odds = found.logits(x)[:, 1]
        gradients.append(tape.gradient(odds, x).numpy())
    assert np.abs(gradients[0]).max() > 0.01
    np.testing.assert_allclose(gradients[1], gradients[0], atol=1e-5)


def test_in_closed_form_and_attacked(tmp_path: Path) -> None:
    """Of a linear model FGSM is exact: every row moves by eps against its label, in units of the deviation."""
    model = built("dense-signature", lambda path: dense(path, "signature"), Path(__file__))
    frame = rows()
    policy = content(model, store(frame, tmp_path))
    policy["checks"] = {"explainability": False, "robustness": {"eps": [0.2], "attacks": ["fgsm", "pgd"]}}
    report = audit.run(policy_from(policy))
    found = {
        m.where["attack"]: m.value
        for check in report.checks
        for m in check.measurements
        if m.metric == "robustness.adversarial_accuracy" and set(m.where) == {"attack", "norm", "eps"}
    }
    x = frame[COLUMNS].to_numpy(np.float64)
    away = np.where(frame["label"] == 1, -1, 1)[:, None] * np.sign(WEIGHTS[:, 0])
    moved = np.clip(x + 0.2 * x.std(0) * away, x.min(0), x.max(0))
    expected = ((moved @ WEIGHTS[:, 0] > 0) == frame["label"]).mean()
    assert found["fgsm"] == pytest.approx(expected, abs=0.005) and found["pgd"] == found["fgsm"]
    assert not [note for check in report.checks for note in check.notes if "did not run" in note]


def test_inspect_says_that_it_is_differentiable() -> None:
    model = built("dense-signature", lambda path: dense(path, "signature"), Path(__file__))
    facts = describe(model, "serving_default")
    assert facts["differentiable"] is True
    assert facts["head"]["kind"] == "sigmoid"


def test_a_gradient_that_only_the_signature_has(tmp_path: Path) -> None:
    """Rounding with a gradient of its own: the cut graph has none, and the attack says which it follows."""

    @tf.custom_gradient
    def steps(z: Any) -> Any:
        return tf.round(4 * z) / 4, lambda upstream: upstream

    module = tf.Module()
    module.call = tf.function(
        lambda x: {"score": tf.sigmoid(tf.matmul(steps(x), WEIGHTS))}, input_signature=SPEC
    )
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=True)
    path = str(tmp_path / "model")
    tf.saved_model.save(module, path, signatures={"serving_default": module.call}, options=options)
    policy = content(tmp_path / "model", store(rows(), tmp_path))
    policy["checks"] = {"explainability": False, "robustness": {"eps": [0.2]}}
    report = audit.run(policy_from(policy))
    (check,) = (check for check in report.checks if check.name == "robustness")
    assert [note for note in check.notes if "follow the gradient of the whole signature" in note]
    attacks = {m.where.get("attack") for m in check.measurements}
    assert {"fgsm", "pgd"} <= attacks
