"""The calibration error's limits against a search over what the rates of all bins can be."""

import itertools

import numpy as np
import pytest
from scipy import stats

from audit.stats.calibration import calibration_error

BINS = [(2, 20, 1.4), (0, 0, 0.0), (9, 15, 8.1), (30, 31, 27.0)]


def test_limits_are_the_extremes_over_the_box() -> None:
    filled = [row for row in BINS if row[1]]
    total = sum(n for _, n, _ in filled)
    grids = []
    for k, n, s in filled:
        box = stats.binomtest(k, n).proportion_ci(1 - 0.05 / 3, method="exact")
        grids.append([*np.linspace(box.low, box.high, 5), *([s / n] if box.low <= s / n <= box.high else [])])
    weigh = [(n / total, s / n) for _, n, s in filled]
    values = [
        sum(w * abs(p - c) for (w, c), p in zip(weigh, rates, strict=True))
        for rates in itertools.product(*grids)
    ]
    found = calibration_error(BINS, 0.025)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((min(values), max(values)), abs=1e-9)
    assert found.estimate == pytest.approx(sum(abs(k - s) for k, _, s in filled) / total)


def test_a_gross_miscalibration_has_a_positive_lower_limit() -> None:
    found = calibration_error([(10, 1000, 900.0)], 0.025)
    assert found is not None
    assert 0.87 < found.low < found.estimate < found.high < 0.9


def test_no_rows_no_interval() -> None:
    assert calibration_error([], 0.025) is None
    assert calibration_error([(0, 0, 0.0)], 0.025) is None
