"""Common corruptions as pure functions of images: noise, blur, contrast and brightness.

After Hendrycks and Dietterich (2019), "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations" (ICLR): the strengths at severities 1 to 5 are those of their CIFAR-10-C (images of 32 pixels) and
ImageNet-C (224 pixels), for values in [0, 1].
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter

SEVERITIES = (1, 2, 3, 4, 5)

MAX_SMALL_SIDE = 64
"""Pixels of the shorter side up to which images take the constants of CIFAR-10-C."""

_CIFAR = {
    "gaussian_noise": (0.04, 0.06, 0.08, 0.09, 0.10),
    "gaussian_blur": (0.4, 0.6, 0.7, 0.8, 1.0),
    "contrast": (0.75, 0.5, 0.4, 0.3, 0.15),
    "brightness": (0.05, 0.1, 0.15, 0.2, 0.3),
}
_IMAGENET = {
    "gaussian_noise": (0.08, 0.12, 0.18, 0.26, 0.38),
    "gaussian_blur": (1.0, 2.0, 3.0, 4.0, 6.0),
    "contrast": (0.4, 0.3, 0.2, 0.1, 0.05),
    "brightness": (0.1, 0.2, 0.3, 0.4, 0.5),
}
_IMAGENET_SIDE = 224


def strength(kind: str, severity: int, shorter_side: int) -> float:
    """Return the strength of a corruption.

    That of a blur is its standard deviation in pixels: as published for small images, where less than half a
    pixel would change nothing, and in proportion to the shorter side for large ones.

    Args:
        kind: a `Corruption`.
        severity: 1 to 5.
        shorter_side: shorter side of the image, in pixels.
    """
    if shorter_side <= MAX_SMALL_SIDE:
        return _CIFAR[kind][severity - 1]
    scale = shorter_side / _IMAGENET_SIDE if kind == "gaussian_blur" else 1.0
    return _IMAGENET[kind][severity - 1] * scale


Corruption = Literal["gaussian_noise", "gaussian_blur", "contrast", "brightness"]


def corrupt(
    images: np.ndarray, low: float, high: float, kind: Corruption, severity: int, keys: np.ndarray, seed: int
) -> np.ndarray:
    """Return corrupted images of the same shape and type, clipped to ``[low, high]``.

    The result depends on the image itself, its row's key and the seed only. The noise of all severities is the
    same but for its size.

    Args:
        images: floats ``(n, height, width, channels)`` in ``[low, high]``.
        low: least possible value of a pixel, black.
        high: greatest possible value of a pixel.
        kind: the corruption.
        severity: 1 to 5.
        keys: a number of each row's own, uint64 ``(n,)``.
        seed: seed of the noise.
    """
    unit = (images - low) / (high - low)
    amount = strength(kind, severity, min(images.shape[1:3]))
    if kind == "gaussian_noise":
        changed = unit + amount * _noise(keys, images.shape[1:], seed)
    else:
        changed = _FAMILIES[kind](unit, amount)
    return np.clip(changed * (high - low) + low, low, high).astype(images.dtype)


def _noise(keys: np.ndarray, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Draw standard normal numbers ``(n, *shape)``, each row's own."""
    noise = np.empty((len(keys), *shape), np.float32)
    for place, of_row in enumerate(keys):
        key = np.array([seed % 2**64, int(of_row)], np.uint64)
        np.random.Generator(np.random.Philox(key=key)).standard_normal(dtype=np.float32, out=noise[place])
    return noise


def _blurred(unit: np.ndarray, deviation: float) -> np.ndarray:
    """Average each channel with Gaussian weights; beyond the edge its last pixels go on."""
    return np.asarray(gaussian_filter(unit, (0, deviation, deviation, 0), mode="nearest"))


def _flattened(unit: np.ndarray, factor: float) -> np.ndarray:
    """Move every pixel towards the mean of its channel in this image."""
    mean = unit.mean((1, 2), keepdims=True)
    return np.asarray((unit - mean) * factor + mean)


def _brightened(unit: np.ndarray, shift: float) -> np.ndarray:
    """Raise V of HSV, the greatest channel, at the same hue and saturation; black becomes grey."""
    value = unit.max(-1, keepdims=True)
    raised = np.minimum(value + shift, 1)
    with np.errstate(invalid="ignore"):  # 0 / 0
        return np.asarray(np.where(value > 0, unit / value * raised, raised))


_FAMILIES: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "gaussian_blur": _blurred,
    "contrast": _flattened,
    "brightness": _brightened,
}
