"""Limits of a mean of two draws: exact ones where only one draw varies, and MOVER of both."""

import math

import numpy as np
import pytest
from scipy import stats

from audit.result import Measurement
from audit.stats import interval

from .known import known_interval


def moments(values: np.ndarray) -> tuple[float, float]:
    return float(stats.sem(values)), float(stats.skew(values))


def measured(rows: np.ndarray, references: np.ndarray, **counts: list[float]) -> Measurement:
    value = float(rows.mean())
    own = moments(rows)
    other = moments(references) if np.ptp(references) else (0.0, 0.0)
    facts = {
        "rows": [float(len(rows))],
        "references": [float(len(references))],
        "values": [value, value],
        "row_errors": [own[0], own[0]],
        "row_skewness": [own[1], own[1]],
        "reference_errors": [other[0], other[0]],
        "reference_skewness": [other[1], other[1]],
    }
    se = math.hypot(own[0], other[0])
    return Measurement(
        metric="x", value=value, n=len(rows), method="rows-and-references", se=se, counts=facts | counts
    )


RARE = np.repeat([1.0, 0.0], [2, 198])
ALIKE = np.zeros(50)


def test_rare_rows_alone_have_at_least_the_exact_upper_limit_of_their_share() -> None:
    high = known_interval(measured(RARE, ALIKE), 0.95)[1]
    exact = stats.beta.ppf(0.975, 3, 198)
    students = measured(RARE, ALIKE).value + stats.t.ppf(0.975, 199) * moments(RARE)[0]
    assert students < 0.8 * exact < 0.999 * exact < high


def test_margins_of_both_draws_are_combined_as_independent_ones() -> None:
    rng = np.random.default_rng(0)
    rows = rng.lognormal(0, 1, 300)
    references = rng.lognormal(-1, 1, 100)
    alone = known_interval(measured(rows, ALIKE), 0.9)
    value = rows.mean()
    others = known_interval(measured(references, ALIKE), 0.9)
    both = known_interval(measured(rows, references), 0.9)
    for side, limit in enumerate(both):
        parts = (alone[side] - value, others[side] - references.mean())
        assert abs(limit - value) == pytest.approx(math.hypot(*parts))


def test_a_symmetric_mean_of_many_rows_has_students_limits() -> None:
    rows = np.linspace(1, 3, 5001)
    half = stats.t.ppf(0.975, 5000) * stats.sem(rows)
    assert known_interval(measured(rows, ALIKE), 0.95) == pytest.approx((2 - half, 2 + half), abs=0.02 * half)


def test_the_scale_of_what_is_measured_makes_no_difference() -> None:
    rng = np.random.default_rng(1)
    rows, references = rng.exponential(1, 80), rng.exponential(1, 30)
    once = known_interval(measured(rows, references), 0.95)
    assert known_interval(measured(1000 * rows, 1000 * references), 0.95) == pytest.approx(
        [1000 * end for end in once]
    )


@pytest.mark.parametrize("most", [None, 1.0])
def test_values_that_no_draw_shows_leave_it_open_above(most: float | None) -> None:
    counts = {"unseen": [1.0]} | ({} if most is None else {"most": [most]})
    low, high = known_interval(measured(RARE, ALIKE, **counts), 0.95)
    assert high == (math.inf if most is None else most)
    assert low == known_interval(measured(RARE, ALIKE), 0.95)[0]


def test_each_limit_is_of_its_own_estimate() -> None:
    m = measured(RARE, ALIKE)
    plain = known_interval(m, 0.95)
    moved = known_interval(measured(RARE, ALIKE, values=[m.value, 3 * m.value]), 0.95)
    assert moved == pytest.approx((plain[0], plain[1] + 2 * m.value))
    assert known_interval(measured(RARE, ALIKE, values=[m.value, 3 * m.value], most=[0.03]), 0.95)[1] == 0.03


@pytest.mark.parametrize("se", [None, 0.0, math.nan, math.inf])
def test_without_a_spread_there_is_no_interval(se: float | None) -> None:
    facts = measured(RARE, ALIKE)
    m = Measurement(metric="x", value=0.1, n=9, method=facts.method, se=se, counts=facts.counts)
    assert interval(m, 0.95) is None


def test_a_report_that_lacks_the_counts_is_damaged() -> None:
    m = Measurement(metric="x", value=0.1, n=9, method="rows-and-references", se=0.1, counts={"rows": [9.0]})
    with pytest.raises(KeyError):
        interval(m, 0.95)


def test_more_confidence_contains_less() -> None:
    m = measured(np.random.default_rng(2).lognormal(0, 2, 60), np.random.default_rng(3).lognormal(0, 2, 20))
    spans = [known_interval(m, confidence) for confidence in (0.5, 0.9, 0.95, 0.99, 0.9999)]
    assert [low for low, _ in spans] == sorted((low for low, _ in spans), reverse=True)
    assert [high for _, high in spans] == sorted(high for _, high in spans)
