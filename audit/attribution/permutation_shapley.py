"""SHAP values from random orders of the features, each walked forwards and backwards.

Sources: Castro, Gomez and Tejada, Computers & Operations Research 36 (2009), for sampling permutations;
Mitchell, Cooper, Frank and Holmes, Journal of Machine Learning Research 23 (2022), for the reversed
("antithetic") ones, which cancel the error of all interactions of two features; Strumbelj and Kononenko,
Knowledge and Information Systems 41 (2014), for one reference a permutation.
"""

from math import prod
from typing import NamedTuple

import numpy as np

from audit.attribution.coalitions import Coalitions, CoalitionScheme, Ends

DRAWS = 2
"""Permutations that a row draws for each reference in a pass: the least that shows their spread."""

MIN_DRAW_PAIRS = 64
"""Pairs of draws, over all references, before the standard errors of a row may end its sampling."""

_PRIOR_PAIRS = 20
"""Pairs of draws with the mean spread of the row's features, added to each feature's own.

What rarely happens is easily never drawn, and then nothing seems to spread. Measured on networks, products
and sigmoids of 8 to 13 features with 1 to 100 references, up to 1.6 % of values lay beyond three of the plain
standard errors and at most 0.5 % beyond these, which are a tenth greater on the whole at 100 references. On
a sum of steps at rare coincidences, as of trees, 2 % still lie beyond. The idea is that of moderated
variances: Smyth, Statistical Applications in Genetics and Molecular Biology 3 (2004).
"""

MAX_PASS_FACTOR = 16
"""Multiple of `min_passes`: where the tolerance is out of reach, sampling ends at a quarter of their error."""


class ShapleyEstimate(NamedTuple):
    """Estimated Shapley values; fields as of `audit.attribution.shapley.Attributions`."""

    values: np.ndarray
    errors: np.ndarray
    by_reference: np.ndarray
    rounds: np.ndarray


class ReferenceInfluence:
    """Sums, over rows, of each reference's contribution to a feature's absolute value.

    A row's value is the mean of its contributions over the references; with the value's sign they average to its
    absolute value. How these means vary from reference to reference says how far another draw of as many
    references would have moved them.
    """

    def __init__(self, references: int, features: int) -> None:
        self._sums = np.zeros((references, features))
        self._rows = 0

    def add(self, contributions: np.ndarray) -> None:
        """Add some rows' contributions (rows, references, features)."""
        signs = np.sign(contributions.mean(axis=1))
        self._sums += np.einsum("if,irf->rf", signs, contributions)
        self._rows += len(contributions)

    @property
    def by_reference(self) -> np.ndarray:
        """(references, features); the mean over references is the features' mean absolute value."""
        return np.asarray(self._sums / max(1, self._rows))


def min_passes(references: int) -> int:
    """Return how many passes a row takes in any case: each compares one pair of draws a reference."""
    return -(-MIN_DRAW_PAIRS // references)


class RunningEstimate:
    """Sums over each row's draws.

    Two independent draws d1, d2 of one reference differ by the sampling alone, not by the reference:
    (d1 - d2)^2 / 2 is an unbiased estimate of a draw's variance. With T passes over m references the
    value is the mean of 2Tm draws, every reference counting alike, and its squared error is
    sum (d1 - d2)^2 / (2Tm)^2: references count as given, not as sampled.
    """

    def __init__(self, ends: Ends, features: int) -> None:
        self._ends = ends
        self._sums = np.zeros((len(ends.rows), features))
        self._squares = np.zeros((len(ends.rows), features))
        self.influence = ReferenceInfluence(ends.reference_count, features)
        self.passes = np.zeros(len(ends.rows), np.int64)

    def add(self, rows: np.ndarray, contributions: np.ndarray) -> None:
        """Add a pass of some rows, (rows, references, 2, features)."""
        first = contributions[:, :, 0]
        second = contributions[:, :, 1]
        if not self.passes[rows].any():  # once a row: all count alike
            self.influence.add((first + second) / 2)
        self._sums[rows] += (first + second).sum(axis=1)
        self._squares[rows] += ((first - second) ** 2).sum(axis=1)
        self.passes[rows] += 1

    @property
    def _draws(self) -> np.ndarray:
        """(rows, 1), number of draws behind a value."""
        return np.asarray(2 * self.passes[:, None] * self._ends.reference_count)

    @property
    def values(self) -> np.ndarray:
        """(rows, features)."""
        return np.asarray(self._sums / self._draws)

    @property
    def errors(self) -> np.ndarray:
        """(rows, features)."""
        prior = 2 * _PRIOR_PAIRS / self._draws * self._squares.mean(axis=1, keepdims=True)
        return np.asarray(np.sqrt(self._squares + prior) / self._draws)

    @property
    def has_min_passes(self) -> bool:
        """Whether each row has had the passes that it takes in any case."""
        return bool(self.passes.max() >= min_passes(self._ends.reference_count))

    def unfinished(self, tolerance: float) -> np.ndarray:
        """Return the indices of the rows that need another pass.

        Args:
            tolerance: largest share of a row's values that its standard errors may be (norms over the features).
        """
        if not self.has_min_passes:
            return np.arange(len(self.passes))
        passes = min_passes(self._ends.reference_count)
        allowed = tolerance * np.linalg.norm(self.values, axis=1)
        precise = np.linalg.norm(self.errors, axis=1) <= np.maximum(allowed, self._ends.rounding)
        return np.flatnonzero(~precise & (self.passes < passes * MAX_PASS_FACTOR))


def scheme(features: int) -> CoalitionScheme:
    """Number the coalitions along a permutation by their sizes: keys are the features' positions."""
    return CoalitionScheme(inside=np.less, levels=features - 1, draws=DRAWS)


def evaluations_per_pair(features: int) -> int:
    """Return the number of masked rows that a pass evaluates for each row and reference."""
    return 2 * DRAWS * scheme(features).levels


def sample(
    coalitions: Coalitions, features: int, seed: int, tolerance: float, max_evaluations: float
) -> ShapleyEstimate:
    """Sample permutations of at least two features until each row's errors are within the tolerance.

    Beyond `min_passes`, a pass that would take more than ``max_evaluations`` in all is not begun.
    """
    running = RunningEstimate(coalitions.ends, features)
    shape = (coalitions.ends.reference_count, DRAWS, features)
    evaluations_per_row = coalitions.ends.reference_count * evaluations_per_pair(features)

    def work(rows: np.ndarray) -> np.ndarray:
        return _contributions(coalitions, rows, _positions(seed, running.passes, shape, rows))

    while len(unfinished := running.unfinished(tolerance)):
        evaluations = (int(running.passes.sum()) + len(unfinished)) * evaluations_per_row
        if running.has_min_passes and evaluations > max_evaluations:
            break
        for rows, contributions in coalitions.by_groups(work, unfinished):
            running.add(rows, contributions)
    by_reference = running.influence.by_reference
    return ShapleyEstimate(running.values, running.errors, by_reference, DRAWS * running.passes)


def _positions(seed: int, passes: np.ndarray, shape: tuple[int, ...], rows: np.ndarray) -> np.ndarray:
    """Draw each feature's position, in permutations along the last axis (rows, *shape).

    A row's draw depends on the seed, the row's index and its pass alone.

    Random words are sorted with the feature's number in their last bits: so no two are equal, and the
    draw rests on Philox's stream alone, which numpy keeps from version to version, unlike its shuffles.
    """
    count = prod(shape)
    counters = ([0, 0, row, passes[row]] for row in rows)
    streams = [np.random.Philox(key=seed, counter=counter).random_raw(-(-count // 2)) for counter in counters]
    words = np.stack(streams).view(np.uint32)[:, :count].reshape(len(rows), *shape)
    feature_bits = np.uint32((1 << (shape[-1] - 1).bit_length()) - 1)
    words = words & ~feature_bits | np.arange(shape[-1], dtype=np.uint32)
    words.sort(axis=-1)
    return (words & feature_bits).view(np.int32)


def _contributions(coalitions: Coalitions, rows: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return what each feature adds, averaged over both directions (rows, references, DRAWS, features).

    Forwards, a feature at position p adds v(first p + 1) - v(first p); backwards, it adds
    v(all but the first p) - v(all but the first p + 1). Together that is c(p + 1) - c(p), where c(p) is
    the contrast of the first p features and all others.
    """
    features = positions.shape[-1]
    keys = positions.reshape(-1, features)
    levels = np.arange(1, features, dtype=np.int32)
    chain = coalitions.contrasts(rows, keys, levels).ravel()
    place = keys * np.intp(len(keys)) + np.arange(len(keys))[:, None]  # of each feature in the chain
    added = chain[place + len(keys)] - chain[place]
    return np.asarray(0.5 * added.reshape(positions.shape))
