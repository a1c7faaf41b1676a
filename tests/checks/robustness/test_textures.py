"""Pictures that a model tells apart by texture: equal moves of many pixels cancel, and no gradient lies for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audit.check import policy_from
from audit.subject.loading import load_subject
from audit.subject.subject import Subject

from ...audits import content
from ...models import save
from ..kit import measure

SIZE = 16
ROWS, COLUMNS = np.indices((SIZE, SIZE))
CHECKERS, STRIPES = (((place % 2) * 2 - 1) / SIZE**2 for place in (ROWS + COLUMNS, COLUMNS))
EPS = 0.1
Graph = Callable[[Any], Any]


def pictures() -> np.ndarray:
    """Return noise away from the ends of the range, with checkers and stripes of even steps from -0.2 to 0.2 of it."""
    noise = np.random.default_rng(0).uniform(0.45, 0.55, (120, SIZE, SIZE))
    for weight in (CHECKERS, STRIPES):
        away = np.linspace(-0.2, 0.2, 120) - np.tensordot(noise, weight, 2)
        noise += away[:, None, None] * np.sign(weight)
    return (255 * noise[..., None]).astype(np.float32)


def subject(path: Path, weight: np.ndarray, seen: Graph = lambda pixels: pixels) -> Subject:
    """Return an audit of the sigmoid of the weighted sum of pixels, as ``seen`` hands them on, ``(rows, pixels)``."""
    import tensorflow as tf

    held = tf.constant(weight.reshape(-1, 1), tf.float32)

    def score(images: Any) -> Any:
        return tf.sigmoid(20 * tf.matmul(seen(tf.reshape(images / 255, [-1, SIZE**2])), held))

    save(path / "m", score, images=([None, SIZE, SIZE, 1], tf.float32))
    np.savez(path / "data.npz", images=pictures(), label=np.arange(120) // 60)
    policy = content(path / "m", path / "data.npz", spec={"output": "probabilities"}, pixels=[0, 255])
    return load_subject(policy_from(policy), lambda *_: None)


def reachable(weight: np.ndarray) -> float:
    """Return the share of rows whose margin a ball of `EPS` bridges: it is free, and the weights' sizes add up to 1."""
    return float((np.abs(np.tensordot(pictures()[..., 0] / 255, weight, 2)) <= EPS + 1e-6).mean())


@pytest.mark.parametrize("weight", [CHECKERS, STRIPES])
def test_a_gradient_whose_signs_alternate_is_followed(tmp_path: Path, weight: np.ndarray) -> None:
    found = measure(
        "robustness", subject(tmp_path, weight), eps=[EPS], attacks=["fgsm", "pgd"], corruptions=[]
    )
    assert not found.notes and 0.4 < reachable(weight) < 0.6
    for attack in ("fgsm", "pgd", "worst"):
        rate = found.value("flip_rate", attack=attack, norm="inf", eps=EPS)
        assert rate == pytest.approx(reachable(weight), abs=2 / 120)


def opposed(pixels: Any) -> Any:
    """The effect is in a part without a gradient, and a small part with one points away from it."""
    import tensorflow as tf

    return 1.001 * tf.stop_gradient(pixels) - 0.001 * pixels


def rounded(pixels: Any) -> Any:
    import tensorflow as tf

    return tf.round(100 * pixels) / 100 - 0.001 * pixels


@pytest.mark.parametrize("weight", [CHECKERS, np.full((SIZE, SIZE), 1 / SIZE**2)])
@pytest.mark.parametrize("seen", [opposed, rounded])
def test_a_gradient_that_lies_of_a_picture_is_found_out(
    tmp_path: Path, weight: np.ndarray, seen: Graph
) -> None:
    found = measure("robustness", subject(tmp_path, weight, seen), eps=[EPS], queries=20, corruptions=[])
    (note,) = [note for note in found.notes if "ran for worst only" in note]
    assert "100% of the change in log-odds goes against the gradient" in note
    assert {m.where.get("attack") for m in found.measurements} == {None, "noise", "square", "worst"}


def test_pixels_whose_gradient_is_masked_among_others_are_told_by_their_share(tmp_path: Path) -> None:
    """Of each row of cells, pixels at even places weigh a third in all, and have no gradient."""
    import tensorflow as tf

    masked = tf.constant((COLUMNS % 2 == 0).reshape(1, -1))
    weight = np.where(COLUMNS % 2 == 0, 1, 2) * (2 / 3) / SIZE**2

    def seen(pixels: Any) -> Any:
        return tf.where(masked, tf.stop_gradient(pixels), pixels)

    found = measure("robustness", subject(tmp_path, weight, seen), eps=[EPS], queries=20, corruptions=[])
    (note,) = [note for note in found.notes if "Gradients miss" in note]
    assert "33% of the change in log-odds goes against the gradient or has none" in note
    assert {"fgsm", "pgd", "square"} <= {m.where.get("attack") for m in found.measurements}
