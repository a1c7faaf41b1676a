"""Numbers and intervals as the functions under test take and give them."""

from __future__ import annotations

import numpy as np

from audit.result import Measurement
from audit.stats import interval


def scalar(value: float) -> np.ndarray:
    """Return a number as an array without axes, of which the functions for arrays take one too."""
    return np.asarray(value, np.float64)


def known_interval(measurement: Measurement, confidence: float) -> tuple[float, float]:
    """Return the interval of a measurement that has one."""
    limits = interval(measurement, confidence)
    assert limits is not None
    return limits
