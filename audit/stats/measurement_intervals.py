"""Intervals and p-values of measurements at any confidence, from their counts and standard errors."""

import math
from collections.abc import Callable, Sequence

from audit.result import Measurement
from audit.stats.interval_method import Interval, bisect
from audit.stats.methods import METHODS, method_named

_MIN_ERROR = 1e-12  # far below any error that a correction asks for
_MAX_ERROR = 0.999  # the search starts at an interval of 0.1 % confidence
_HALVINGS = 40


def is_known(method: str) -> bool:
    """Return whether intervals of this method can be computed again; a plug-in's own cannot."""
    return method in METHODS


def interval(measurement: Measurement, confidence: float) -> Interval | None:
    """Compute the two-sided interval of a measurement from its method, value, counts and se.

    Intervals are nested: one of more confidence contains one of less. They contain the value, where
    it is finite. An upper limit may be infinite (a ratio over a rate that may be 0).

    Args:
        measurement: its ``ci`` is ignored.
        confidence: in (0, 1), such as 0.95.

    Returns:
        (low, high) in the units of the value. None where there is no interval: the methods "exact"
        and "none", a method that is not in `METHODS`, an empty denominator, a standard error of 0.

    Raises:
        ValueError: ``confidence`` is not in (0, 1).
        KeyError: ``counts`` lacks a name that the method needs.
    """
    return intervals([measurement], confidence)[0]


def intervals(measurements: Sequence[Measurement], confidence: float) -> list[Interval | None]:
    """Compute the `interval` of each measurement, those of one method at once: much faster for many.

    Raises:
        ValueError, KeyError: as `interval`.
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, found {confidence}")
    indices_by_method: dict[str, list[int]] = {}
    for index, measurement in enumerate(measurements):
        indices_by_method.setdefault(measurement.method, []).append(index)
    spans: list[Interval | None] = [None] * len(measurements)
    for name, indices in indices_by_method.items():
        limits = method_named(name).intervals([measurements[index] for index in indices], confidence)
        for index, (low, high) in zip(indices, limits.tolist(), strict=True):
            spans[index] = _around(measurements[index].value, low, high)
    return spans


def _around(value: float, low: float, high: float) -> Interval | None:
    if math.isnan(low) or math.isnan(high):
        return None
    if not math.isfinite(value):
        return low, high
    # counts and value are summed in different orders: their last digits may differ
    return min(low, value), max(high, value)


At = Callable[[Measurement, float], Interval | None]
"""Computes the interval of a measurement at a confidence in (0, 1)."""


def p_outside(
    measurement: Measurement, low: float, high: float, value: float | None = None, at: At = interval
) -> float:
    """Return the p-value of "the true value is within [low, high]", as a correction for many tests needs it.

    It is the smallest two-sided error at which the interval lies wholly outside.

    Args:
        measurement: a measurement whose method is known.
        low: least value allowed, in the units of the value; may be -infinity.
        high: greatest value allowed; may be infinity.
        value: the estimate inside the interval; by default the measurement's value.
        at: computes the interval.

    Returns:
        In [1e-12, 1], never below the true one by more than rounding; 1 where no interval lies outside:
        the value itself is within the limits or not a number, or there is no interval.
    """
    value = measurement.value if value is None else value

    def outside(error: float) -> bool:
        limits = at(measurement, 1.0 - error)
        return limits is not None and (limits[1] < low or limits[0] > high)

    if math.isnan(value) or low <= value <= high or not outside(_MAX_ERROR):
        return 1.0
    if outside(_MIN_ERROR):
        return _MIN_ERROR
    ends = (math.log(_MAX_ERROR), math.log(_MIN_ERROR))
    return math.exp(bisect(lambda log_error: outside(math.exp(log_error)), *ends, _HALVINGS))
