"""A network trained until its scores are 0 or 1 to the last digit, and a score that is rounded behind its sigmoid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.subject.subject import Subject

from ...models import save
from ..kit import measure, subject_of

NAMES = [f"x{i}" for i in range(6)]
STEPS, EPS = 20, 0.3
DIRECTIONS = np.random.default_rng(4).normal(size=(6, 2))


def table(rows: int, seed: int) -> pd.DataFrame:
    """Return rows of two classes that a curved border parts, one row in twelve on the wrong side."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 6)).astype(np.float32)
    side = x @ DIRECTIONS[:, 0] + 0.8 * np.abs(x @ DIRECTIONS[:, 1]) > 1.2
    return pd.DataFrame(x, columns=NAMES).assign(label=(side ^ (rng.random(rows) < 0.08)).astype(int))


class Network:
    """Twelve hyperbolic tangents and one sigmoid, trained on the log-odds divided by ``heat``."""

    def __init__(self, frame: pd.DataFrame, heat: float) -> None:
        import tensorflow as tf

        tf.random.set_seed(0)
        x, y = (tf.constant(frame[part].to_numpy(np.float32)) for part in (NAMES, ["label"]))
        self._tf, start = tf, tf.random.stateless_normal([6, 12], [1, 2]) / 2
        self._weights = [
            tf.Variable(v) for v in (start, tf.zeros([12]), tf.zeros([12, 1]) + 0.1, tf.zeros([1]))
        ]
        means, paces = (
            [tf.Variable(tf.zeros_like(w)) for w in self._weights],
            (0.02, 0.02, 0.02 * heat, 0.02 * heat),
        )

        @tf.function
        def train() -> None:
            for _ in tf.range(300):
                with tf.GradientTape() as tape:
                    loss = tf.nn.sigmoid_cross_entropy_with_logits(y, self.log_odds(x) / heat)
                    loss = tf.reduce_mean(loss)
                slopes = tape.gradient(loss, self._weights)
                for w, slope, mean, pace in zip(self._weights, slopes, means, paces, strict=True):
                    mean.assign(0.9 * mean + 0.1 * slope**2)
                    w.assign_sub(pace * slope / (tf.sqrt(mean) + 1e-9))

        train()

    def log_odds(self, x: Any) -> Any:
        a, b, c, d = self._weights
        return self._tf.matmul(self._tf.tanh(self._tf.matmul(x, a) + b), c) + d

    def export(self, path: Path) -> Path:
        fixed = [self._tf.constant(w.numpy()) for w in self._weights]
        self._weights = fixed
        save(path, lambda x: self._tf.sigmoid(self.log_odds(x)), x=([None, 6], self._tf.float32))
        return path


def by_hand(network: Network, value: Any, data: pd.DataFrame, unit: np.ndarray) -> float:
    """Return the accuracy under PGD, step by step, along the gradient of ``value`` of the network's log-odds."""
    import tensorflow as tf

    start = tf.constant(data[NAMES].to_numpy())
    before = network.log_odds(start).numpy()[:, 0] >= 0
    moved, away = start, tf.constant(np.where(before, -1, 1)[:, None], tf.float32)
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            tape.watch(moved)
            height = value(network.log_odds(moved))
        step = away * tf.sign(tape.gradient(height, moved)) * (2.5 * EPS / STEPS * unit).astype(np.float32)
        moved = start + tf.clip_by_value(moved + step - start, -EPS * unit, EPS * unit)
    stands = (network.log_odds(moved).numpy()[:, 0] >= 0) == before
    return float((stands & (before == data["label"])).mean())


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    return table(400, 1)


@pytest.fixture(scope="module")
def network(data: pd.DataFrame) -> Network:
    return Network(data, heat=120)


@pytest.fixture(scope="module")
def saturated(network: Network, data: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    folder = tmp_path_factory.mktemp("saturated")
    reference = pd.concat(
        [data, 10 * data.iloc[:5]]
    )  # five rows far out: nothing reaches the ends of the ranges
    return subject_of(network.export(folder / "m"), data, reference, folder, spec={"inputs": {"x": NAMES}})


def test_attacks_reach_below_a_saturated_head(
    network: Network, saturated: Subject, data: pd.DataFrame
) -> None:
    import tensorflow as tf

    score = saturated.scores.favorable  # type: ignore[union-attr]
    assert np.isin(score, [0, 1]).mean() > 0.5
    found = measure("robustness", saturated, eps=[EPS], attacks=["fgsm", "pgd"])
    unit = saturated.features.background.matrix.std(0, dtype=np.float64)
    accuracy = found.value("adversarial_accuracy", attack="pgd", norm="inf", eps=EPS)
    assert abs(accuracy - by_hand(network, lambda z: z, data, unit)) <= 0.02
    assert found.value("zero_gradient_share", attack="pgd") == 0
    # One climb from the row itself is not the best there is: a search by scores finds more, and says so.
    tried, bound = found.notes
    assert (
        "in worst only: PGD with a margin loss from five random starts, a walk along the decision boundary"
        in tried
    )
    assert bound.startswith(
        "Accuracy under fgsm and pgd is an upper bound only, since a black-box search flips"
    )
    worst = found.one("adversarial_accuracy", attack="worst", norm="inf", eps=EPS)
    assert worst.method == "clopper-pearson" and worst.value < accuracy
    clean = found.value("clean_accuracy")

    def from_scores(z: Any) -> Any:
        p = tf.clip_by_value(tf.sigmoid(z), 1e-7, 1 - 1e-7)
        return tf.math.log(p) - tf.math.log1p(-p)

    misled = by_hand(network, from_scores, data, unit)
    assert accuracy + 0.15 < misled <= clean  # what an attack on the scores would have reported


def test_a_saturated_model_is_explained_below_its_head(network: Network, saturated: Subject) -> None:
    explained = measure("explainability", saturated, rows=60, references=20)
    assert explained.value("additivity_error") < 1e-5
    assert explained.value("mean_abs_attribution", feature="x0") > 1


def test_a_rounded_score_is_followed_below_and_judged_as_it_is(tmp_path: Path) -> None:
    import tensorflow as tf

    weights = np.array([1.0, -0.7, 0.4, 0, 0, 0.2], np.float32)

    def score(x: Any) -> Any:
        return tf.round(tf.sigmoid(tf.linalg.matvec(x, weights)[:, None]) * 10) / 10

    def decided(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.round(10 / (1 + np.exp(-x @ weights.astype(np.float64)))) / 10 >= 0.65)

    save(tmp_path / "m", score, x=([None, 6], tf.float32))
    rows, reference = table(200, 2), table(200, 3) * 3
    spec = {"inputs": {"x": NAMES}, "output": "probabilities"}
    subject = subject_of(tmp_path / "m", rows, reference.assign(label=0), tmp_path, spec=spec, threshold=0.65)
    found = measure("robustness", subject, eps=[0.1], attacks=["fgsm"])
    x, unit = rows[NAMES].to_numpy(np.float64), reference[NAMES].to_numpy(np.float64).std(0)
    before = decided(x)
    flipped = decided(x - 0.1 * unit * np.sign(weights) * np.where(before, 1, -1)[:, None]) != before
    assert 0.1 < flipped.mean() < 0.9
    assert abs(found.value("flip_rate", attack="fgsm", norm="inf", eps=0.1) - flipped.mean()) <= 1 / 200
    assert found.value("zero_gradient_share", attack="fgsm") == 0
