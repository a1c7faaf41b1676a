"""Interval method of a mean that rests on two draws: of rows, and of the reference rows that they are compared with."""

from collections.abc import Sequence

import numpy as np

from audit.result import Measurement
from audit.stats.interval_method import UNPAIRED, Counts, Spans, two_sided
from audit.stats.means import Moments, mean_limits
from audit.stats.proportions import Reals

_LOW = 0
_HIGH = 1


def is_open_above(measurement: Measurement) -> bool:
    """Return whether nothing limits the value above, since neither draw has a value that the data have."""
    return measurement.counts.get("unseen", [0.0])[0] != 0.0


def _intervals(measurements: Sequence[Measurement], confidence: float) -> Spans:
    """Bound each draw's part of the error by its own moments, and combine the margins by MOVER.

    ``values``, errors and skewnesses have two entries: those of the lower limit, and those of the upper one. The upper
    limit is the greatest possible value (``most``, else infinity) where ``unseen`` is not 0: the data have rows
    of which neither draw has any.

    Source: the margins are those of `mean_limits`; MOVER: Zou and Donner, Statistics in Medicine 27 (2008).
    """
    tail = (1.0 - confidence) / 2.0
    value = np.array([m.value for m in measurements], np.float64)
    error = np.array([np.nan if m.se is None else m.se for m in measurements], np.float64)
    low = _column(measurements, "values", _LOW) - _margin(measurements, _LOW, tail)
    high = _column(measurements, "values", _HIGH) + _margin(measurements, _HIGH, tail)
    largest = np.array([m.counts.get("most", [np.inf])[0] for m in measurements])
    unseen = np.array([is_open_above(m) for m in measurements], bool)
    spans = np.stack(
        [np.minimum(np.maximum(low, 0.0), value), np.where(unseen, largest, np.clip(high, value, largest))],
        axis=-1,
    )
    known = np.isfinite(value) & np.isfinite(error) & (error > 0.0)
    return np.where(known[:, None], spans, np.nan)


def _margin(measurements: Sequence[Measurement], side: int, tail: float) -> Reals:
    """Return the margin of error on a side, of both draws together; NaN where a draw has a single entry."""
    parts = [_part_margin(measurements, side, tail, draw) for draw in ("row", "reference")]
    return np.asarray(np.hypot(*parts))


def _part_margin(measurements: Sequence[Measurement], side: int, tail: float, draw: str) -> Reals:
    size = _column(measurements, f"{draw}s", 0)
    error = _column(measurements, f"{draw}_errors", side)
    skewness = _column(measurements, f"{draw}_skewness", side)
    unknown = np.full_like(size, np.nan)
    limits = mean_limits(Moments(np.zeros_like(size), error, size, skewness, unknown), tail)
    return np.where(error == 0.0, 0.0, np.abs(limits[side]))


def _column(measurements: Sequence[Measurement], name: str, place: int) -> Reals:
    return np.array([np.nan if m.se is None else m.counts[name][place] for m in measurements], np.float64)


_FIXED = ("values", "row_skewness", "reference_skewness", "most", "unseen")
_ERRORS = ("row_errors", "reference_errors")
_COUNTS = Counts("sizes", growth=dict.fromkeys(_FIXED, 0.0) | dict.fromkeys(_ERRORS, -0.5))
ROWS_AND_REFERENCES = two_sided("rows-and-references", _intervals, _COUNTS, best_case=None, pairing=UNPAIRED)
