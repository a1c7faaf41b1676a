"""Coverage of rate intervals by exact enumeration of all outcomes, compared with rejected methods."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from scipy import special, stats

from audit.stats.mover import linear, ratio
from audit.stats.proportions import Limits, clopper_pearson

SIZES = (10, 50, 100, 500, 5000)
RATES = np.linspace(0.05, 0.95, 19)
FINE_RATES = np.linspace(0.05, 0.95, 181)
TAIL = 0.025
NEGLIGIBLE = 1e-14  # outcomes less likely than this are left out; together they weigh less than 1e-10

Table = tuple[str, list[str], list[list[object]]]
"""Title, header and rows."""


def wilson(successes: np.ndarray, trials: np.ndarray, tail: float) -> Limits:
    z, rate = -special.ndtri(tail), successes / trials
    center, spread = rate + z * z / 2 / trials, np.sqrt(rate * (1 - rate) / trials + (z / 2 / trials) ** 2)
    shrink = 1 + z * z / trials
    return Limits(rate, (center - z * spread) / shrink, (center + z * spread) / shrink)


def mid_p(successes: np.ndarray, trials: np.ndarray, tail: float) -> Limits:
    def bound(target: float) -> np.ndarray:
        low, high = np.zeros_like(successes), np.ones_like(successes)
        for _ in range(50):
            middle = (low + high) / 2
            at_least = stats.binom.sf(successes - 1, trials, middle)
            short = (at_least + stats.binom.sf(successes, trials, middle)) / 2 < target
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return low

    lower = np.where(successes == 0, 0.0, bound(tail))
    return Limits(successes / trials, lower, np.where(successes == trials, 1.0, bound(1 - tail)))


CONSTRUCTIONS: dict[str, Callable[..., Limits]] = {
    "Clopper–Pearson": clopper_pearson,
    "Wilson": wilson,
    "mid-P": mid_p,
}


def outcomes(limits: Limits, n: int, rate: float) -> tuple[np.ndarray, Limits]:
    """The probabilities of the outcomes that matter at this rate, and the limits at each."""
    weight = stats.binom.pmf(np.arange(n + 1), n, rate)
    likely = slice(*(np.flatnonzero(weight > NEGLIGIBLE)[[0, -1]] + [0, 1]))
    return weight[likely], Limits(*(part[likely] for part in limits))


def hits(limits: Limits, truth: float) -> np.ndarray:
    return (limits.low <= truth + 1e-12) & (truth - 1e-12 <= limits.high)


def range_of(coverage: Iterable[float]) -> str:
    values = list(coverage)
    return f"{100 * min(values):.2f} – {100 * max(values):.2f}"


def all_limits(make: Callable[..., Limits], n: int) -> Limits:
    successes = np.arange(n + 1.0)
    return make(successes, np.full_like(successes, n), TAIL)


def proportion_coverage(limits: Limits, n: int) -> Iterator[float]:
    for rate in FINE_RATES:
        weight, at = outcomes(limits, n, rate)
        yield float(weight @ hits(at, rate))


def one_proportion() -> Table:
    rows: list[list[object]] = [
        [n, *(range_of(proportion_coverage(all_limits(make, n), n)) for make in CONSTRUCTIONS.values())]
        for n in SIZES
    ]
    title = "One proportion, rates 0.05 to 0.95 in steps of 0.005: lowest to highest coverage, %"
    return title, ["rows", *CONSTRUCTIONS], rows


def pair_coverage(one: Limits, two: Limits, n: int, m: int) -> Iterator[tuple[float, float]]:
    for p, q in itertools.product(RATES, RATES):
        (weight, a), (other, b) = outcomes(one, n, p), outcomes(two, m, q)
        a = Limits(*(part[:, None] for part in a))
        difference, quotient = linear([(1.0, a), (-1.0, b)]), ratio(a, b)
        yield float(weight @ hits(difference, p - q) @ other), float(weight @ hits(quotient, p / q) @ other)


def two_proportions() -> Table:
    rows: list[list[object]] = []
    for n, m in itertools.combinations_with_replacement(SIZES, 2):
        row: list[object] = [n, m]
        for make in CONSTRUCTIONS.values():
            if m > 500 and make is not clopper_pearson:
                row += ["", ""]  # rejected already at smaller sizes
                continue
            pairs = pair_coverage(all_limits(make, n), all_limits(make, m), n, m)
            row += [range_of(column) for column in zip(*pairs, strict=True)]
        rows.append(row)
    names = [f"{what}, {name}" for name in CONSTRUCTIONS for what in ("difference", "ratio")]
    title = "Difference and ratio of two proportions by MOVER over three kinds of limits, all pairs of rates "
    return (
        title + "0.05 to 0.95 in steps of 0.05: lowest to highest coverage, %",
        ["rows", "rows", *names],
        rows,
    )
