"""Interval methods of rank correlations, on Fisher's z scale."""

import math

from audit.result import Measurement
from audit.stats.interval_method import SIZES, UNPAIRED, Counts, Interval, one_by_one, two_sided


def _fisher_z(measurement: Measurement, confidence: float) -> Interval | None:
    """Bound a rank correlation; None for three rows or less, and at -1 and 1.

    Source: Bonett and Wright, Psychometrika 65 (2000) 23-28, for Spearman's.
    """
    from scipy.special import ndtri

    (rows,) = measurement.counts["rows"]
    r = measurement.value
    if not (rows > 3.0 and -1.0 < r < 1.0):
        return None
    half = -float(ndtri((1.0 - confidence) / 2.0)) * math.sqrt((1.0 + r * r / 2.0) / (rows - 3.0))
    return _around_z(r, half)


def _stability_z(measurement: Measurement, confidence: float) -> Interval | None:
    """Bound a rank correlation of halves by its jackknife error and Student's t.

    The lower limit is a ``step`` below 1 at most, one pair of neighbours ranked the other way round: halves of one
    sample agree by its luck, and then no spread is left that would tell. It is not above that of the error of half as
    many rows either, where the report has it (``half_sample_error``), and -1 where the report has ``unbounded_below``.
    """
    from scipy.special import stdtrit

    (groups,) = measurement.counts["groups"]
    (step,) = measurement.counts["step"]
    r = measurement.value
    se = measurement.se
    if se is None or not (math.isfinite(se) and groups > 1 and -1.0 < r <= 1.0):
        return None
    quantile = -float(stdtrit(groups - 1.0, (1.0 - confidence) / 2.0))
    (half_sample_error,) = measurement.counts.get("half_sample_error", [0.0])
    of_half_samples = -1.0 if "unbounded_below" in measurement.counts else r - quantile * half_sample_error
    one_step_off = 1.0 - step
    if r > one_step_off:
        return max(-1.0, min(one_step_off, r - quantile * se, of_half_samples)), 1.0
    low, high = _around_z(r, quantile * se / (1.0 - r * r))
    return max(-1.0, min(low, of_half_samples)), high


def _around_z(r: float, half: float) -> Interval:
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


# stability-z does not grow: halves of more rows agree better, so that the value itself changes, by an unknown amount.
_UNFORESEEABLE = Counts("sizes", growth=None)

RANK_METHODS = (
    two_sided("fisher-z", one_by_one(_fisher_z), SIZES, best_case=None, pairing=UNPAIRED),
    two_sided("stability-z", one_by_one(_stability_z), _UNFORESEEABLE, best_case=None, pairing=UNPAIRED),
)
