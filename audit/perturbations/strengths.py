"""How strong each corruption is at severities 1 to 5, as its authors published it.

Hendrycks and Dietterich (2019), "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations":
the constants are those of their CIFAR-10-C (pictures of 32 pixels) and ImageNet-C (224 pixels), for values in [0, 1].
"""

from __future__ import annotations

SEVERITIES = (1, 2, 3, 4, 5)

SMALL = 64
"""Pictures whose shorter side has up to so many pixels take the constants of CIFAR-10-C."""

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
    """Return the constant of a corruption.

    That of a blur is its standard deviation in pixels: as published for small pictures, where less than half a
    pixel would change nothing, and in proportion to the shorter side for large ones.

    Args:
        kind: a `Corruption`.
        severity: 1 to 5.
        shorter_side: of the picture, in pixels.
    """
    if shorter_side <= SMALL:
        return _CIFAR[kind][severity - 1]
    scale = shorter_side / _IMAGENET_SIDE if kind == "gaussian_blur" else 1.0
    return _IMAGENET[kind][severity - 1] * scale
