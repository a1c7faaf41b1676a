"""Rank correlations: of a feature with its SHAP values, and of the features' magnitudes in two halves of the rows."""

from dataclasses import dataclass

import numpy as np

_SPLITS = 50
_MAX_JACKKNIFE_GROUPS = 20
_HALF_SAMPLES = 20
_SPLITS_OF_HALF_SAMPLE = 25
_MIN_CARRIERS = 3
_MANY_UNITS = 100  # of which a feature that fewer than `_MIN_CARRIERS` carry is rare enough


@dataclass(frozen=True)
class RankStability:
    """Rank correlation of the features in two halves of the rows.

    ``value`` is in [-1, 1], NaN where nothing can be ranked. ``error`` is its standard error over rows, by a jackknife
    that leaves out each of ``groups`` groups of rows in turn; NaN where a half is too small for that.
    ``half_sample_error`` is the one of half as many rows, which bounds it below. ``step`` is the loss from a
    correlation of 1 where one half ranks two neighbours the other way round. ``bounded`` is False if so few rows carry
    a feature, and so few were drawn, that another draw may rank it anywhere.
    """

    value: float
    error: float = float("nan")
    groups: int = 0
    step: float = float("nan")
    half_sample_error: float = float("nan")
    bounded: bool = True


def rank_stability(
    magnitudes: np.ndarray,
    seed: int,
    weights: np.ndarray | None = None,
    clusters: np.ndarray | None = None,
) -> RankStability:
    """Return Spearman's correlation of the features' mean magnitudes in two random halves, averaged over 50 splits.

    Args:
        magnitudes: absolute SHAP values ``(rows, features)``.
        seed: seed of the splits.
        weights: row weights ``(rows,)``.
        clusters: int codes ``(rows,)``; rows of one cluster stay in one half, or copies would agree with each other.

    Returns:
        The correlation; NaN for a single feature, or fewer than two rows or clusters.

    Source of the standard error: Shao and Wu, Annals of Statistics 17 (1989) 1176-1197: leaving out many rows at a time
    works where a statistic does not change smoothly, as ranks do not.
    """
    unit = np.arange(len(magnitudes)) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    units = int(unit.max()) + 1
    features = magnitudes.shape[1]
    if features < 2 or units < 2:
        return RankStability(float("nan"))
    rng = np.random.default_rng([seed, 3])
    # ranks of sums are ranks of means
    sums = magnitudes if weights is None else magnitudes * weights[:, None]
    halves = np.stack([rng.permutation(units)[unit] < units // 2 for _ in range(_SPLITS)])
    groups = min(_MAX_JACKKNIFE_GROUPS, units)
    group = rng.permutation(units)[unit] % groups
    totals = _in_halves(sums, halves)
    # One after the other: with a thousand features, those of all groups at once are the most that a check holds.
    without = np.empty(groups)
    for one in range(groups):
        left_out = group == one
        without[one] = _mean_correlation(totals - _in_halves(sums[left_out], halves[:, left_out]))
    error = float(np.sqrt((groups - 1) / groups * ((without - without.mean()) ** 2).sum()))
    value = float(_mean_correlation(totals))
    step = 12.0 / (features**3 - features)
    half_sample_error = _half_sample_error(sums, unit, value, seed)
    return RankStability(value, error, groups, step, half_sample_error, _is_bounded(sums, unit))


def _is_bounded(sums: np.ndarray, unit: np.ndarray) -> bool:
    """Return whether there are many units, or enough of them carry each feature.

    Of 50 rows, one that 1 % carry is mostly in none: then no row tells that it has a rank (simulated coverage 63 %).
    """
    units = int(unit.max()) + 1
    carriers = [len(np.unique(unit[column != 0])) for column in sums.T] if units < _MANY_UNITS else []
    return min(carriers, default=_MIN_CARRIERS) >= _MIN_CARRIERS


def _half_sample_error(sums: np.ndarray, unit: np.ndarray, value: float, seed: int) -> float:
    """Return the root mean square distance of ``value`` from the correlations of random halves of the units.

    A jackknife of small groups does not see how much large rare values matter: where a few rows carry a feature, hardly
    a group moves its rank, but half of the rows do (simulated coverage 86 % by the groups alone). Half as many rows
    also agree less, which counts as error.

    NaN for less than four units, of which no half can be split.

    Source: the half-sample jackknife, of Shao and Wu as above.
    """
    units = int(unit.max()) + 1
    if units < 4:
        return float("nan")
    rng = np.random.default_rng([seed, 4])
    values = np.empty(_HALF_SAMPLES)
    for place in range(_HALF_SAMPLES):
        # positions of the units in a random order: the first quarter against the second, the rest is left out
        positions = np.stack([rng.permutation(units // 2) for _ in range(_SPLITS_OF_HALF_SAMPLE)])
        order = rng.permutation(units)
        position = np.full((_SPLITS_OF_HALF_SAMPLE, units), units)
        position[:, order[: units // 2]] = positions
        sampled = (position < units)[:, unit]
        first = (position < units // 4)[:, unit]
        halves = np.stack([first.astype(float) @ sums, (sampled & ~first).astype(float) @ sums], axis=1)
        values[place] = _mean_correlation(halves)
    distances = (values - value)[np.isfinite(values)]
    return float(np.sqrt((distances**2).mean())) if len(distances) else float("nan")


def _in_halves(sums: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """Return the sums of rows in both halves of each split, ``(splits, 2, features)``."""
    first = halves.astype(float) @ sums
    return np.stack([first, sums.sum(0) - first], axis=1)


def _mean_correlation(halves: np.ndarray) -> np.ndarray:
    """Return the mean correlation over splits, of ``(..., splits, 2, features)``; NaN where a half ranks nothing."""
    from scipy.stats import rankdata

    places = rankdata(halves, axis=-1)
    places -= places.mean(-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        correlations = places.prod(-2).sum(-1) / np.sqrt((places**2).sum(-1).prod(-1))
    return np.asarray(np.clip(correlations, -1.0, 1.0).mean(-1))


def spearman(left: np.ndarray, right: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return Spearman's rank correlation, ties averaged; NaN where a side has one value only.

    With ``weights``, whole ones count as repeated rows.
    """
    w = np.ones(len(left)) if weights is None else weights
    both = [ranks(side, w) for side in (left, right)]
    if any(np.ptp(side) == 0 for side in both):
        return float("nan")
    x, y = (side - np.average(side, weights=w) for side in both)
    return float(np.clip((w * x * y).sum() / np.sqrt((w * x**2).sum() * (w * y**2).sum()), -1, 1))


def ranks(values: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return for each value the weight of all lower values and half that of its equals: 0.5, 1.5, 2.5 without ties."""
    place = np.unique(values, return_inverse=True)[1]
    weight = np.bincount(place, weights).astype(float)
    return np.asarray((np.cumsum(weight) - weight / 2)[place])


def round_ties(values: np.ndarray, noise: float) -> np.ndarray:
    """Return float levels in the order of ``values``, equal where values differ by rounding alone.

    Args:
        values: ``(n,)``.
        noise: largest distance of neighbours that are the same.
    """
    order = np.argsort(values, kind="stable")
    levels = np.empty(len(values))
    levels[order] = np.cumsum(np.diff(values[order], prepend=values[order[0]]) > noise)
    return levels
