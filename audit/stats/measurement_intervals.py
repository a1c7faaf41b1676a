"""Intervals of measurements at any confidence, from what stands beside them in the report."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from audit.result import Measurement
from audit.stats.methods import BATCHES, METHODS, Interval

_SMALLEST = 1e-12  # no error below this is told apart: far below any that a correction asks for
_LARGEST = 0.999  # an interval at a confidence of 0.1 % is where the search for an error starts
_STEPS = 40


def is_known(method: str) -> bool:
    """Tell whether intervals of this method can be computed again; a plug-in's own cannot."""
    return method in METHODS


def interval(measurement: Measurement, confidence: float) -> Interval | None:
    """Compute the two-sided interval of a measurement from its method, value, counts and se.

    Intervals are nested: one of more confidence contains one of less. They contain the value, where
    it is finite. An upper limit may be infinite (a ratio over a rate that may be 0).

    Args:
        measurement: ``ci`` is not looked at.
        confidence: in (0, 1), such as 0.95.

    Returns:
        (low, high) in the units of the value. None where there is none to tell: the methods "exact"
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
    places: dict[str, list[int]] = {}
    for place, measurement in enumerate(measurements):
        places.setdefault(measurement.method, []).append(place)
    found: list[Interval | None] = [None] * len(measurements)
    for name, alike in places.items():
        limits = _limits(name, [measurements[place] for place in alike], confidence)
        for place, span in zip(alike, limits, strict=True):
            found[place] = _around(measurements[place].value, span)
    return found


def _limits(
    name: str, measurements: Sequence[Measurement], confidence: float
) -> Sequence[Sequence[float] | None]:
    if name in BATCHES:
        rows: list[list[float]] = BATCHES[name](measurements, confidence).tolist()
        return rows
    method = METHODS.get(name)
    return [method(measurement, confidence) if method else None for measurement in measurements]


def _around(value: float, limits: Sequence[float] | None) -> Interval | None:
    if limits is None or math.isnan(limits[0]) or math.isnan(limits[1]):
        return None
    if not math.isfinite(value):
        return limits[0], limits[1]
    # counts and value are summed in different orders: their last digits may differ
    return min(limits[0], value), max(limits[1], value)


At = Callable[[Measurement, float], Interval | None]
"""Computes an interval that belongs to a measurement at a confidence in (0, 1)."""


def p_outside(
    measurement: Measurement, low: float, high: float, value: float | None = None, at: At = interval
) -> float:
    """Find the smallest two-sided error at which the interval lies wholly outside [low, high].

    It is the p-value of "the true value is within the limits", read off the intervals, and what a
    correction for many measurements needs.

    Args:
        measurement: a measurement whose method is known.
        low: least value allowed, in the units of the value; may be -infinity.
        high: greatest value allowed; may be infinity.
        value: what the interval is of; by default the measurement's value.
        at: gives the interval.

    Returns:
        In [1e-12, 1], never below the true one by more than rounding; 1 where no interval lies outside:
        the value itself is within the limits or not a number, or there is no interval.
    """
    value = measurement.value if value is None else value

    def outside(error: float) -> bool:
        limits = at(measurement, 1.0 - error)
        return limits is not None and (limits[1] < low or limits[0] > high)

    if math.isnan(value) or low <= value <= high or not outside(_LARGEST):
        return 1.0
    if outside(_SMALLEST):
        return _SMALLEST
    lower, upper = math.log(_SMALLEST), math.log(_LARGEST)
    for _ in range(_STEPS):
        middle = (lower + upper) / 2.0
        lower, upper = (lower, middle) if outside(math.exp(middle)) else (middle, upper)
    return math.exp(upper)
