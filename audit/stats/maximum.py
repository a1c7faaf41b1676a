"""Interval method of the largest of several estimates.

It is wider below than the interval of any one of them, since the estimate was selected for its size.
"""

import math
from collections.abc import Sequence

from audit.result import Measurement
from audit.stats.interval_method import UNPAIRED, Counts, Interval, one_by_one, two_sided


def largest(
    values: Sequence[float], errors: Sequence[float], number: int, rows: float, tail: float
) -> Interval | None:
    """Bound the greatest of ``number`` true values by Student's limits.

    The upper limit is the greatest upper limit: one of the true values is the greatest, and its own estimate lies
    above all but ``tail`` of the time. The lower limit is that of the greatest estimate at ``tail / number``
    (Bonferroni), since any of them may have come out too great and been chosen.

    ``values`` has the greatest estimate first, and may miss those that `contenders` omits; ``errors`` are the
    standard errors, ``rows`` the independent observations behind each, ``tail`` the error on each side, in (0, 0.5).

    Returns:
        None for less than two observations, or where an error is not known.
    """
    from scipy.special import stdtrit

    if not (rows > 1.0 and values and all(map(math.isfinite, (*values, *errors)))):
        return None
    t, t_of_selected = (-float(stdtrit(rows - 1.0, error)) for error in (tail, tail / number))
    upper = max(value + t * error for value, error in zip(values, errors, strict=True))
    return values[0] - t_of_selected * errors[0], upper


def contenders(values: Sequence[float], errors: Sequence[float]) -> list[int]:
    """Return the indices of the estimates whose upper limit can be the greatest, by falling value.

    These are the ones whose error exceeds that of every greater estimate.
    """
    indices = list[int]()
    for index in sorted(range(len(values)), key=lambda index: -values[index]):
        if not indices or errors[index] > errors[indices[-1]]:
            indices.append(index)
    return indices


def _limits(measurement: Measurement, confidence: float) -> Interval | None:
    (number,) = measurement.counts["number"]
    (rows,) = measurement.counts["rows"]
    values = measurement.counts["values"]
    return largest(values, measurement.counts["errors"], int(number), rows, (1.0 - confidence) / 2.0)


_COUNTS = Counts("sizes", growth={"number": 0.0, "values": 0.0, "errors": -0.5})
LARGEST_T = two_sided("largest-t", one_by_one(_limits), _COUNTS, best_case=None, pairing=UNPAIRED)
