"""Expected gradients against closed forms, and against shap's own sampler on a Keras model."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from audit.attribution.expected_gradients import ExpectedGradients, expected_gradients
from audit.attribution.path_sampling import DRAWS, MAX_PASSES, PathPlan
from audit.frameworks.tensorflow_loader import tensorflow

from . import functions
from .functions import MEMORY, normal

ROWS, REFERENCES = normal(20, seed=1), normal(50, seed=2)
PIXELS = 8


def found(function: Any, **changed: Any) -> ExpectedGradients:
    given: dict[str, Any] = {
        "rows": ROWS,
        "background": REFERENCES,
        "seed": 0,
        "tolerance": 0.1,
        "memory_bytes": MEMORY,
    } | changed
    return expected_gradients(function, **given)


@cache
def convolutions() -> Any:
    """A small Keras model of images with smooth interactions of neighbours."""
    import keras

    keras.utils.set_random_seed(3)
    layers = [
        keras.layers.Conv2D(6, 3, activation="tanh"),
        keras.layers.Flatten(),
        keras.layers.Dense(8, activation="tanh"),
        keras.layers.Dense(1),
    ]
    return keras.Sequential([keras.Input((PIXELS, PIXELS, 1)), *layers])


def on_images(x: Any) -> Any:
    return convolutions()(tensorflow().reshape(x, [-1, PIXELS, PIXELS, 1]))[:, 0]


def images(rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((rows, PIXELS**2)).astype(np.float32)


def test_a_linear_function_is_exact() -> None:
    weights = normal(functions.FEATURES, 1, seed=4)
    exact = weights[:, 0] * (ROWS - REFERENCES.mean(0))
    linear = found(lambda x: (x @ tensorflow().constant(weights))[:, 0] + 3)
    np.testing.assert_allclose(linear.values, exact, atol=1e-5)
    assert linear.errors.max() < 1e-5
    assert abs(linear.gaps).max() < 1e-5
    np.testing.assert_allclose(linear.outputs, ROWS @ weights[:, 0] + 3, atol=1e-5)
    assert linear.base == pytest.approx(float((REFERENCES @ weights[:, 0]).mean()) + 3, abs=1e-5)


def test_a_product_of_two_is_halved_between_them() -> None:
    """Integrated by hand: of x1 x2, number 1 gets (x1 - r1) (x2 + r2) / 2 against the reference r."""
    several = found(lambda x: x[:, 0] * x[:, 1], tolerance=0.01)
    other = REFERENCES[None]
    x = ROWS[:, None]
    exact = ((x[..., 0] - other[..., 0]) * (x[..., 1] + other[..., 1]) / 2).mean(1)
    # the positions of a block of ten lie in ten strata: what is left is a thirtieth of plain sampling's error
    assert np.abs(several.values[:, 0] - exact).max() < 0.06
    z = (several.values[:, 0] - exact) / several.errors[:, 0]
    assert np.sqrt((z**2).mean()) < 1.6


def test_within_joint_standard_errors_of_shap() -> None:
    """shap gives no errors: they are those of the mean over its seeds."""
    import shap

    rows, references = images(6, seed=5), images(40, seed=6)
    explainer = shap.GradientExplainer(convolutions(), references.reshape(-1, PIXELS, PIXELS, 1))
    shaped = rows.reshape(-1, PIXELS, PIXELS, 1)
    drawn = np.stack([explainer.shap_values(shaped, nsamples=200, rseed=s).reshape(6, -1) for s in range(12)])
    ours = found(on_images, rows=rows, background=references, tolerance=0.02)
    joint = np.sqrt(drawn.var(0, ddof=1) / len(drawn) + ours.errors**2)
    z = (drawn.mean(0) - ours.values) / joint
    assert 0.85 < np.sqrt((z**2).mean()) < 1.25
    assert (np.abs(z) < 5).all()


def test_standard_errors_are_those_of_the_sampling() -> None:
    """Over seeds, the spread of a value is its standard error; the truth is the mean over many seeds."""
    rows, references = images(4, seed=7), images(30, seed=8)
    runs = [found(on_images, rows=rows, background=references, seed=s, tolerance=0.9) for s in range(40)]
    values = np.stack([run.values for run in runs])
    true = values.var(0, ddof=1).mean()
    said = np.mean([run.errors**2 for run in runs])
    assert 0.9 < np.sqrt(said / true) < 1.15
    gaps = np.stack([run.gaps for run in runs])
    gap_errors = np.mean([run.gap_errors**2 for run in runs])
    assert 0.75 < np.sqrt(gap_errors / (gaps**2).mean()) < 1.3


def test_more_samples_add_up_better() -> None:
    rows, references = images(12, seed=9), images(30, seed=10)
    few, many = (found(on_images, rows=rows, background=references, tolerance=e) for e in (0.9, 1e-6))
    assert (few.passes == 1).all()
    assert (many.passes == MAX_PASSES).all()
    np.testing.assert_allclose(few.values.sum(1), few.outputs - few.base + few.gaps)
    assert np.sqrt((many.gaps**2).mean()) < 0.75 * np.sqrt((few.gaps**2).mean())
    assert many.errors.mean() < 0.6 * few.errors.mean()


def test_calls_and_other_rows_change_nothing() -> None:
    rows, references = images(5, seed=11), images(33, seed=12)
    whole = found(on_images, rows=rows, background=references)
    chunked = found(on_images, rows=rows, background=references, memory_bytes=1, floats_per_row=PIXELS**2)
    alone = found(on_images, rows=rows[:2], background=references)
    np.testing.assert_array_equal(whole.values, chunked.values)
    np.testing.assert_array_equal(whole.errors, chunked.errors)
    np.testing.assert_array_equal(whole.values[:2], alone.values)
    other = found(on_images, rows=rows, background=references, seed=1)
    assert (whole.values != other.values).any()


def test_a_single_reference_is_integrated_along_its_path() -> None:
    one = found(functions.network, background=REFERENCES[:1], tolerance=0.01)
    assert np.abs(one.gaps).max() < 0.05 * np.abs(one.outputs - one.base).max()


@pytest.mark.parametrize("stopped", ["steps", "unconnected"])
def test_gaps_show_gradients_that_are_not_the_functions(stopped: str) -> None:
    tf = tensorflow()
    jumps = {
        "steps": lambda x: tf.reduce_sum(tf.round(x), 1),
        "unconnected": lambda x: tf.stop_gradient(x[:, 0]),
    }
    missed = found(jumps[stopped])
    np.testing.assert_array_equal(missed.values, 0)
    np.testing.assert_allclose(missed.gaps, missed.base - missed.outputs)
    np.testing.assert_array_equal(missed.gap_errors, 0)


def test_an_operation_without_a_gradient_is_an_error() -> None:
    tf = tensorflow()

    def shrunk(x: Any) -> Any:
        return tf.image.resize(tf.reshape(x, [-1, 2, 4, 1]), [1, 1], method="area")[:, 0, 0, 0]

    with pytest.raises(LookupError):
        found(shrunk)


@pytest.mark.parametrize("references", [1, 7, 64, 100, 101])
def test_paths_use_references_alike_and_strata_once(references: int) -> None:
    paths = PathPlan(references, seed=3)
    used = np.bincount(np.concatenate(paths.reference), minlength=references)
    assert len(set(used.tolist())) == 1
    assert used.sum() >= DRAWS * 64
    assert paths.weights.sum() == pytest.approx(1)
    for size, positions in zip(paths.sizes, paths.positions(5, 0), strict=True):
        for draw in positions.reshape(DRAWS, size):
            np.testing.assert_array_equal(np.sort(np.floor(draw * size)), np.arange(size))
