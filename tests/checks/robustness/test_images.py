"""Pictures: attacked in parts of their input's range, by gradient or by squares, pixel by pixel inside it."""

from __future__ import annotations

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

SHAPE = (8, 8, 1)
WEIGHT = np.where(np.arange(64).reshape(SHAPE) % 8 < 4, 1.0, -1.0) / 64
"""The left half against the right one: where the ball is free, eps of the range changes the margin by eps."""


def pictures(low: float, high: float, dtype: type = np.float32) -> np.ndarray:
    """Return pictures away from the ends of the range, whose margins lie at even distances from -0.2 to 0.2 of it."""
    drawn = np.random.default_rng(0).uniform(0.4, 0.6, (120, *SHAPE))
    drawn += ((np.linspace(-0.2, 0.2, 120) - np.tensordot(drawn, WEIGHT, 3)) * 64)[
        :, None, None, None
    ] * WEIGHT
    return np.asarray(low + drawn * (high - low)).astype(dtype)


def subject(path: Path, x: np.ndarray, high: float, steep: bool = True, **given: Any) -> Subject:
    """Return an audit of the sigmoid of the margin, or of its rounded value where nothing is to be ``steep``."""
    import tensorflow as tf

    weight = tf.constant(WEIGHT.reshape(-1, 1) / high, tf.float32)

    def score(images: Any) -> Any:
        margin = 20 * tf.matmul(tf.reshape(tf.cast(images, tf.float32), [-1, 64]), weight)
        return tf.sigmoid(margin if steep else tf.round(100 * margin) / 100)

    save(path / "m", score, images=([None, *SHAPE], tf.as_dtype(x.dtype)))
    np.savez(path / "data.npz", images=x, label=np.arange(len(x)) % 2)
    policy = content(path / "m", path / "data.npz", **given)
    return load_subject(policy_from(policy), lambda *_: None)


def margins(x: np.ndarray, high: float) -> np.ndarray:
    return np.asarray(np.tensordot(x.astype(np.float64), WEIGHT, 3) / high)


@pytest.mark.parametrize(("high", "dtype"), [(1.0, np.float32), (255.0, np.float32), (255.0, np.uint8)])
@pytest.mark.parametrize("eps", [0.03, 0.1])
def test_one_unit_is_the_range_of_the_input(tmp_path: Path, high: float, dtype: type, eps: float) -> None:
    x = pictures(0, high, dtype)
    found = measure(
        "robustness", subject(tmp_path, x, high, pixels=[0, high]), eps=[eps], attacks=["fgsm", "pgd"]
    )
    away, step = np.abs(margins(x, high)), 1 / high if dtype is np.uint8 else 0.0
    sure, possible = (away < eps - step).mean(), (away <= eps + 1e-6).mean()
    for attack in ("fgsm", "pgd", "worst"):
        assert sure <= found.value("flip_rate", attack=attack, norm="inf", eps=eps) <= possible
    assert possible - sure < 0.05 and not found.notes and set(found.tables) == {"validity"}


def test_the_length_of_a_change_is_in_units_of_the_range(tmp_path: Path) -> None:
    x = pictures(0, 255)
    given = subject(tmp_path, x, 255, pixels=[0, 255])
    found = measure("robustness", given, eps=[0.5], attacks=["fgsm"], norm=2)
    reach = np.abs(margins(x, 255)) <= 0.5 * np.linalg.norm(WEIGHT)
    assert found.value("flip_rate", attack="fgsm", norm="2", eps=0.5) == pytest.approx(
        reach.mean(), abs=1 / 120
    )


def test_a_picture_without_a_gradient_is_searched_by_squares(tmp_path: Path) -> None:
    x = pictures(0, 1)
    found = measure("robustness", subject(tmp_path, x, 1, steep=False, pixels=[0, 1]), eps=[0.1])
    note, tried = found.notes
    assert "fgsm and pgd did not run" in note and "square" in note and "(BPDA)" in tried
    assert found.value("flip_rate", attack="worst", norm="inf", eps=0.1) == possible(x)  # past the rounding
    noise, rate = (found.value("flip_rate", attack=a, norm="inf", eps=0.1) for a in ("noise", "square"))
    assert noise < 0.5 * possible(x) and 0.7 * possible(x) < rate <= possible(x)


def possible(x: np.ndarray) -> float:
    """Return the share of rows whose margin, rounded to hundredths, changes its sign somewhere in the ball of 0.1."""
    return float((np.abs(margins(x, 1)) <= 0.1 + 1e-3).mean())


def test_pixels_move_inside_the_range_and_in_whole_numbers_where_the_input_takes_such(tmp_path: Path) -> None:
    from audit.checks.robustness.threat_model import threat_model_of

    given = subject(tmp_path, pictures(0, 255, np.uint8), 255)
    space, reasons = threat_model_of(given, [], [], 0.1)
    assert space.shape == SHAPE and space.movable.all() and space.integer.all() and not reasons
    assert set(space.scale) == {255} and set(space.low) == {0} and set(space.high) == {255}
    for options in ({"immutable": ["images"], "eps": 0.1}, {"immutable": [], "eps": 0.003}):
        held, reasons = threat_model_of(given, options["immutable"], [], options["eps"])  # type: ignore[arg-type]
        assert not held.movable.any() and set(held.scale) == {1} and list(reasons) == ["images"]
    note = measure("robustness", given, eps=[0.003, 0.1], attacks=["noise"]).notes
    assert note == [
        "At eps 0.003, 'images' cannot reach the next whole number: no change.",
        "At eps 0.003 nothing can change, so that accuracy under attack is the clean accuracy there: "
        "an upper bound, on which no rule passes.",
    ]
    searched = measure("robustness", given, eps=[0.003, 0.1], attacks=["fgsm"])
    methods = {
        eps: {m.method for m in searched.measurements if m.where.get("eps") == eps} for eps in (0.003, 0.1)
    }
    assert methods[0.003] == {"clopper-pearson-upper", "clopper-pearson-lower"}
    assert "clopper-pearson" in methods[0.1]
