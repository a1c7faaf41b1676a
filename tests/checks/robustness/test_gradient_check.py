"""Gradients that are not those of the values: the check must not take what they do not find for robustness."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.subject.subject import Subject

from ..kit import measure, subject_of

NAMES = [f"x{i}" for i in range(8)]
Graph = Callable[[Any], Any]


def table() -> pd.DataFrame:
    """Return rows on a grid of 0.0001 that all lie close to the border where the sum is 0."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 8))
    x += (rng.choice([-1, 1], 300) * rng.uniform(0.7, 1.1, 300) - x.sum(1))[:, None] / 8
    x = x.round(4)
    return pd.DataFrame(x, columns=NAMES).assign(label=(x.sum(1) > 0).astype(int))


def subject(path: Path, score: Graph, options: Any = None) -> Subject:
    import tensorflow as tf

    module = tf.Module()
    given = [tf.TensorSpec([None, 8], tf.float32, name="x")]
    module.call = tf.function(lambda x: {"score": score(x)}, input_signature=given)
    tf.saved_model.save(module, str(path / "m"), {"serving_default": module.call}, options)
    return subject_of(path / "m", table(), table(), path, spec={"inputs": {"x": NAMES}})


def total(x: Any) -> Any:
    import tensorflow as tf

    return 3 * tf.reduce_sum(x, 1, keepdims=True)


def stopped(x: Any) -> Any:
    """The effect is in a part without a gradient, and a small part with one points away from it."""
    import tensorflow as tf

    return tf.sigmoid(1.001 * total(tf.stop_gradient(x)) - 0.001 * total(x))


def rounded(x: Any) -> Any:
    import tensorflow as tf

    return tf.sigmoid(total(tf.round(200 * x) / 200) - 0.001 * total(x))


def replaced(x: Any) -> Any:
    import tensorflow as tf

    def lying(z: Any) -> Any:
        return tf.identity(z), lambda upstream: -upstream

    return tf.sigmoid(tf.custom_gradient(lying)(total(x)))


def decoy(x: Any) -> Any:
    """On the grid of the data another sigmoid is taken, whose gradient points away from its values."""
    import tensorflow as tf

    grid = tf.round(x * 1e4) / 1e4
    on_grid = tf.reduce_all(tf.abs(x - grid) < 2e-6, 1, keepdims=True)
    return tf.where(on_grid, tf.sigmoid(total(grid) - 1e-3 * total(x - grid)), tf.sigmoid(total(x)))


def one_column_left(x: Any) -> Any:
    import tensorflow as tf

    return tf.sigmoid(total(tf.round(200 * x) / 200) + 1e-3 * x[:, :1])


@pytest.mark.parametrize("score", [stopped, rounded, decoy, one_column_left])
def test_of_an_attack_along_a_lying_gradient_no_figure_stands_and_a_black_box_takes_its_place(
    tmp_path: Path, score: Graph
) -> None:
    """Where the sum decides, the rows that can flip are known; a few hundredths of the reach are left to the search."""
    audited = subject(tmp_path, score)
    found = measure("robustness", audited, eps=[0.12])
    told = "fgsm and pgd ran for worst only, since the gradients do not match the model"
    assert any(told in note for note in found.notes)
    ran = {m.where["attack"] for m in found.measurements if "attack" in m.where}
    assert ran == {"noise", "square", "worst"}
    sure, possible = flippable(audited)
    rate = found.value("flip_rate", attack="square", norm="inf", eps=0.12)
    assert 0.2 < sure <= rate <= possible < 0.8


def flippable(audited: Subject) -> tuple[float, float]:
    """Return bounds of the share of rows that some move of 0.12 standard deviations flips, where the sum decides."""
    x, background = table()[NAMES].to_numpy(), audited.features.background.matrix
    room = 0.12 * background.std(0, dtype=np.float64)
    down, up = np.minimum(room, x - background.min(0)), np.minimum(room, background.max(0) - x)
    reach = np.where(x.sum(1) > 0, down.sum(1), up.sum(1))
    sure, possible = (np.abs(x.sum(1)) <= part * reach for part in (0.97, 1.01))
    return float(sure.mean()), float(possible.mean())


def test_a_replaced_gradient_is_not_followed_but_the_values_own(tmp_path: Path) -> None:
    import tensorflow as tf

    audited = subject(tmp_path, replaced, tf.saved_model.SaveOptions(experimental_custom_gradients=True))
    found = measure("robustness", audited, eps=[0.12])
    sure, possible = flippable(audited)
    assert (
        not found.notes and sure <= found.value("flip_rate", attack="pgd", norm="inf", eps=0.12) <= possible
    )


def test_a_reversed_gradient_is_a_mismatch_of_all() -> None:
    import tensorflow as tf

    from audit.attacks.gradient_ascent import GradientAscent
    from audit.attacks.threat_model import ThreatModel
    from audit.checks.robustness.gradient_check import sign_disagreement

    @tf.custom_gradient
    def lying(z: Any) -> Any:
        return tf.identity(z), lambda upstream: -upstream

    def honest(x: Any) -> Any:
        signs = tf.constant([1.0, -1.0] * 32)  # equal moves cancel
        return tf.concat([-total(x * signs), total(x * signs)], 1)

    ones, x = np.ones(64), np.random.default_rng(0).normal(size=(20, 64)).astype(np.float32)
    for shape in (None, (8, 8, 1)):
        space = ThreatModel(ones, -9 * ones, 9 * ones, ones > 0, ones < 0, shape)
        for logits, share in ((honest, 0), (lambda x: lying(honest(x)), 1)):
            for norm in ("inf", "2"):
                ascent = GradientAscent(logits, space, norm, x.dtype)
                assert sign_disagreement(ascent, x, np.arange(20, dtype=np.int32) % 2) == share


def test_what_a_misleading_gradient_flips_counts_in_the_worst(tmp_path: Path) -> None:
    """Seven of eight equal effects have no gradient; along the eighth alone these rows flip; a query finds few."""
    import tensorflow as tf

    def score(x: Any) -> Any:
        return tf.sigmoid(total(tf.concat([tf.stop_gradient(x[:, :7]), x[:, 7:]], 1)))

    audited = subject(tmp_path, score)
    found = measure("robustness", audited, eps=[1.0], attacks=["fgsm"], queries=1)
    x, background = table()[NAMES].to_numpy(), audited.features.background.matrix
    unit, low, high = background.std(0)[7], background.min(0)[7], background.max(0)[7]
    room = np.where(x.sum(1) > 0, np.minimum(unit, x[:, 7] - low), np.minimum(unit, high - x[:, 7]))
    worst, square = (found.value("flip_rate", attack=a, norm="inf", eps=1.0) for a in ("worst", "square"))
    assert worst >= (np.abs(x.sum(1)) < 0.99 * room).mean() > square
    assert {m.where["attack"] for m in found.measurements if m.where} == {"square", "worst"}
    assert any("ran for worst only" in note for note in found.notes)


def test_what_rounding_makes_of_large_logits_is_no_mismatch() -> None:
    """Two large sums that nearly cancel, each rounded by itself: what is left jumps up and down about a tiny slope."""
    import tensorflow as tf

    from audit.attacks.gradient_ascent import GradientAscent
    from audit.attacks.threat_model import ThreatModel
    from audit.checks.robustness.gradient_check import sign_disagreement

    def logits(x: Any) -> Any:
        half = (1000 + 2e-4 * x[:, :1]) - (100 + 1.9e-4 * x[:, :1])
        return tf.concat([-half, half], 1)

    ones = np.ones(8)
    space = ThreatModel(ones, -9 * ones, 9 * ones, np.ones(8, bool), np.zeros(8, bool))
    x = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    halves = [
        logits(tf.constant(x + way * np.eye(8, dtype=np.float32)[0] / 20)).numpy()[:, 1] for way in (1, -1)
    ]
    assert (halves[0] < halves[1]).mean() > 0.05  # against the slope, by rounding alone
    assert sign_disagreement(GradientAscent(logits, space, "inf", x.dtype), x, np.zeros(200, np.int32)) == 0


def test_without_an_attack_by_gradient_nothing_hangs_on_it(tmp_path: Path) -> None:
    found = measure("robustness", subject(tmp_path, stopped), eps=[0.2], attacks=["noise"])
    assert not found.notes and {m.where.get("attack") for m in found.measurements} == {None, "noise"}


def test_an_honest_network_has_nothing_to_be_told_of_it(tmp_path: Path) -> None:
    """Kinks and waves: the gradient at a row is not the difference about it, and has its sign nearly everywhere."""
    import tensorflow as tf

    rng = np.random.default_rng(1)
    hidden, out = (
        tf.constant(rng.normal(size=size) / 2, tf.float32) for size in ((8, 32), (32, 1))
    )  # fmt: skip

    def score(x: Any) -> Any:
        return tf.sigmoid(total(x) + tf.matmul(tf.nn.relu(tf.matmul(x, hidden)), out) + tf.sin(3 * x[:, :1]))

    assert not measure("robustness", subject(tmp_path, score), eps=[0.2]).notes


def test_a_part_without_a_gradient_is_told_by_its_share(tmp_path: Path) -> None:
    """One of eight equal effects is rounded finely: an eighth of the change has no gradient."""
    import tensorflow as tf

    def score(x: Any) -> Any:
        return tf.sigmoid(total(tf.concat([tf.round(500 * x[:, :1]) / 500, x[:, 1:]], 1)))

    spread = table()[NAMES].std(ddof=0)
    share = spread["x0"] / spread.sum()
    note, tried, bound = measure("robustness", subject(tmp_path, score), eps=[0.2]).notes
    assert tried.startswith("Also run") and bound.startswith("Accuracy under fgsm and pgd is an upper bound")
    assert "goes against the gradient or has none" in note
    percent = float(note.split("perturbed, ")[1].split("%")[0])
    assert abs(percent - 100 * share) <= 1


def test_of_many_columns_some_at_even_distances_are_moved() -> None:
    from audit.checks.robustness.gradient_check import _spread

    columns = np.arange(500) * 2
    chosen = _spread(columns)
    assert len(chosen) == len(set(chosen)) == 64 and chosen[0] == 0 and chosen[-1] == 998
    assert set(np.diff(chosen)) <= {14, 16}
    np.testing.assert_array_equal(_spread(columns[:64]), columns[:64])
    np.testing.assert_array_equal(_spread(columns[:1]), columns[:1])
