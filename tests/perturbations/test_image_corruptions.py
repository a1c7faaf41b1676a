"""Corruptions against closed forms, direct convolution and the standard library's colours."""

from __future__ import annotations

import colorsys
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from audit.perturbations import SEVERITIES, Corruption, corrupt
from audit.perturbations.image_corruptions import strength

KINDS = get_args(Corruption)
RNG = np.random.default_rng(0)
MIDDLE = RNG.uniform(0.3, 0.6, (4, 12, 10, 3))
"""Nothing of it is clipped by the corruptions that are tested on it."""


def on(images: np.ndarray, kind: Any, severity: int, seed: int = 0, first: int = 0) -> np.ndarray:
    return corrupt(images, 0, 1, kind, severity, first + np.arange(len(images)), seed)


@settings(max_examples=40)
@given(
    arrays.arrays(
        np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]))
    ),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from(KINDS),
    st.sampled_from(SEVERITIES),
    st.sampled_from([(0.0, 1.0), (0.0, 255.0), (-1.0, 1.0)]),
)
def test_values_stay_in_the_range(
    pixels: np.ndarray, dtype: Any, kind: Any, severity: int, ends: tuple[float, float]
) -> None:
    """And are the same in any range, up to rounding."""
    low, high = ends
    unit = (pixels / 255).astype(dtype)
    images = (unit * (high - low) + low).astype(dtype)
    found = corrupt(images, low, high, kind, severity, np.arange(len(images)), 0)
    assert found.shape == images.shape and found.dtype == dtype
    assert low <= found.min() and found.max() <= high
    np.testing.assert_allclose((found - low) / (high - low), on(unit, kind, severity), atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0.0, 1e-45, 1e-38, 1e-7])
def test_black_and_almost_black_stay_numbers(kind: Any, value: float) -> None:
    images = np.full((2, 4, 4, 3), value, np.float32)
    images[0, 0, 0, 0] = 0
    assert np.isfinite(on(images, kind, 5)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_batches_and_neighbours_change_nothing(kind: Any) -> None:
    images = RNG.random((10, 8, 8, 3)).astype(np.float32)
    whole = on(images, kind, 3)
    parts = [on(images[start : start + 4], kind, 3, first=start) for start in (0, 4, 8)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(corrupt(images[[7]], 0, 1, kind, 3, np.array([7]), 0), whole[[7]])


def test_noise_is_drawn_by_seed_and_row() -> None:
    images = np.full((3, 8, 8, 1), 0.5)
    first = on(images, "gaussian_noise", 1)
    np.testing.assert_array_equal(on(images, "gaussian_noise", 1), first)
    assert not np.array_equal(on(images, "gaussian_noise", 1, seed=1), first)
    assert not np.array_equal(first[0], first[1])
    assert abs(np.corrcoef(first[0].ravel(), first[1].ravel())[0, 1]) < 0.4


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("side", [32, 96])
def test_noise_has_its_standard_deviation(severity: int, side: int) -> None:
    images = np.full((100, side, side, 1), 0.5)
    noise = corrupt(images, -50, 51, "gaussian_noise", severity, np.arange(100), 0) - 0.5
    expected = strength("gaussian_noise", severity, side) * 101
    ends = np.quantile(noise, [0.1587, 0.25, 0.5, 0.75, 0.8413])  # these are not clipped
    np.testing.assert_allclose(ends / expected, [-1, -0.6745, 0, 0.6745, 1], atol=0.02)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_brightness_moves_grey_by_its_constant(severity: int) -> None:
    grey = MIDDLE[..., :1]
    shift = (0.05, 0.1, 0.15, 0.2, 0.3)[severity - 1]
    np.testing.assert_allclose(on(grey, "brightness", severity), grey + shift, atol=1e-12)


def test_brightness_is_that_of_hsv() -> None:
    colours = np.concatenate([RNG.random((1, 20, 20, 3)), np.zeros((1, 20, 20, 3))])
    for severity, shift in ((1, 0.05), (5, 0.3)):
        hsv = [colorsys.rgb_to_hsv(*rgb) for rgb in colours.reshape(-1, 3)]
        expected = [colorsys.hsv_to_rgb(h, s, min(v + shift, 1)) for h, s, v in hsv]
        np.testing.assert_allclose(on(colours, "brightness", severity).reshape(-1, 3), expected, atol=1e-12)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_contrast_shrinks_about_the_mean(severity: int) -> None:
    found = on(MIDDLE, "contrast", severity)
    factor = (0.75, 0.5, 0.4, 0.3, 0.15)[severity - 1]
    np.testing.assert_allclose(found.mean((1, 2)), MIDDLE.mean((1, 2)), atol=1e-12)
    np.testing.assert_allclose(found.std((1, 2)), factor * MIDDLE.std((1, 2)), atol=1e-12)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_blur_is_a_convolution_with_a_gaussian(severity: int) -> None:
    """Every neighbour by hand: weights exp(-d²/2σ²) over four deviations, the edge's pixels going on."""
    images = RNG.random((2, 9, 7, 2))
    sigma = (0.4, 0.6, 0.7, 0.8, 1.0)[severity - 1]
    radius = int(4 * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * sigma**2))
    weights /= weights.sum()
    padded = np.pad(images, ((0, 0), (radius, radius), (radius, radius), (0, 0)), mode="edge")
    expected = sum(
        weights[i, j] * padded[:, i : i + 9, j : j + 7]
        for i in range(len(offsets))
        for j in range(len(offsets))
    )
    np.testing.assert_allclose(on(images, "gaussian_blur", severity), expected, atol=1e-12)


def test_blur_keeps_the_mean_of_what_lies_inside() -> None:
    image = np.zeros((1, 31, 31, 1))
    image[0, 10:20, 10:20] = RNG.random((10, 10, 1))
    for severity in SEVERITIES:
        assert on(image, "gaussian_blur", severity).mean() == pytest.approx(image.mean(), abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", [8, 32, 80])
def test_a_greater_severity_changes_more(kind: Any, side: int) -> None:
    images = RNG.uniform(0.1, 0.9, (6, side, side, 3))
    changes = [np.abs(on(images, kind, severity) - images).mean() for severity in SEVERITIES]
    assert changes[0] > 1e-3 and (np.diff(changes) > 0).all()


def test_the_blur_of_large_pictures_grows_with_them() -> None:
    assert strength("gaussian_blur", 1, 32) == strength("gaussian_blur", 1, 8) == 0.4
    assert strength("gaussian_blur", 5, 224) == 6 and strength("gaussian_blur", 5, 448) == 12
    assert strength("gaussian_noise", 5, 448) == strength("gaussian_noise", 5, 224) == 0.38
