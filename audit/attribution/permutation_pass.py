"""One pass of permutations over all references: for a group of rows, contributions reduced to sums.

Sources: Castro, Gomez and Tejada, Computers & Operations Research 36 (2009), for sampling permutations;
Mitchell, Cooper, Frank and Holmes, Journal of Machine Learning Research 23 (2022), for the reversed
("antithetic") ones, which cancel the error of all interactions of two features; Strumbelj and Kononenko,
Knowledge and Information Systems 41 (2014), for one reference a permutation.

A draw is a permutation of the features that differ, walked forwards and backwards. A pair of draws is a permutation
and the same rotated by half its length: a feature that comes early in one comes late in the other, and as other
features precede it, errors cancel in part.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from audit.attribution.coalitions import BatchFunction, MaskedFunction
from audit.attribution.differing_features import FeatureCodes, SortedPairs, by_column
from audit.attribution.running_estimate import PassSums

MIN_DRAW_PAIRS = 64
"""Pairs of draws of a row, over all references, before its standard errors may end the sampling."""

_SLOTS_PER_DOUBLED = 6
"""Slots of which one draws a second pair: enough to measure how a pair's errors cancel."""


def min_passes(references: int) -> int:
    """Return how often each reference is used in a pass: few references take several turns."""
    return -(-MIN_DRAW_PAIRS // references)


def coalitions_of_pair(features: int) -> int:
    """Return the number of coalitions that a pair of draws evaluates, complements not counted.

    Both permutations have one less than features, and the one half of the features is the other half's complement.
    """
    return max(0, 2 * features - 3)


def evaluations_per_pair(features: int) -> float:
    """Return the most evaluations that a pass takes for a row and each use of a reference."""
    return 2 * coalitions_of_pair(features) * (1 + 1 / _SLOTS_PER_DOUBLED)


class PassPlan(NamedTuple):
    """Slots of a row's pass.

    Attributes:
        references: number of references, which slots use in turn.
        slots: number of slots.
        doubled: number of slots that draw two pairs.
    """

    references: int
    slots: int
    doubled: int

    @classmethod
    def of(cls, references: int) -> "PassPlan":
        """Plan the least whole turns that draw `MIN_DRAW_PAIRS` pairs."""
        slots = references * min_passes(references)
        return cls(references, slots, slots // _SLOTS_PER_DOUBLED)

    @property
    def pairs(self) -> int:
        """Number of pairs that a row draws."""
        return self.slots + self.doubled

    def masks(self, features: int) -> int:
        """Return the most coalitions of a row that a pass evaluates."""
        return self.pairs * coalitions_of_pair(features)


class _Draws(NamedTuple):
    """Random numbers of a group's pass, and what follows from them alone.

    Attributes:
        slot: (rows, pairs) int, the slot that each pair is drawn for: all slots, then those that are doubled.
        words: (rows, pairs, features) uint32, whose order is a permutation.
    """

    slot: np.ndarray
    words: np.ndarray


class _Contributions(NamedTuple):
    """Contributions of differing features, all (entries,): means of pairs, and their squared errors if unrelated."""

    means: np.ndarray
    squares: np.ndarray


class PassSampler:
    """Samples a pass of a group of rows; what it returns depends on its arguments and the group's alone.

    Args:
        f: the function.
        rows: (rows, columns) float32 or float64, the rows that are explained.
        background: (m, columns), the references, of the same dtype.
        feature_of_column: (columns,) int, the feature that each column belongs to.
        seed: seed of the permutations.
        rows_of_call: most masked rows of one call.
        targets: (rows,) int32, the target of each row; None if the function takes none.
    """

    def __init__(
        self,
        f: BatchFunction,
        rows: np.ndarray,
        background: np.ndarray,
        feature_of_column: np.ndarray,
        seed: int,
        rows_of_call: int,
        targets: np.ndarray | None = None,
    ) -> None:
        self.masked = MaskedFunction(f, rows, background, rows_of_call, targets)
        self.plan = PassPlan.of(len(background))
        self._codes = FeatureCodes.of(rows, background, feature_of_column)
        self._feature_of_column = feature_of_column
        self._seed = seed

    @property
    def features(self) -> int:
        """Number of features."""
        return self._codes.rows.shape[1]

    def __call__(self, group: np.ndarray, passes: np.ndarray) -> PassSums:
        """Sample the pass ``passes`` of each row of ``group``, both (rows,) int."""
        draws = _draw(self._seed, group, passes, self.plan, self.features)
        reference = draws.slot % self.plan.references
        differing = self._codes.differing(group)[np.arange(len(group))[:, None], reference]
        pairs = SortedPairs.of(differing.reshape(-1, self.features))
        words = draws.words.reshape(-1)[pairs.entries(pairs.order * self.features) + pairs.features]
        row = np.repeat(group, self.plan.pairs)[pairs.order].astype(np.int32)
        reference = reference.reshape(-1)[pairs.order].astype(np.int32)
        contributions = _Contributions(np.empty(len(words)), np.empty(len(words)))
        evaluations = 0
        for length, p, e in pairs.buckets():
            columns = partial(by_column, features=pairs.features[e].reshape(-1, length))
            part = self._walked(row[p], reference[p], columns, words[e].reshape(-1, length))
            contributions.means[e] = part.means
            contributions.squares[e] = part.squares
            evaluations += 2 * len(row[p]) * coalitions_of_pair(length)
        return _reduced(contributions, pairs, draws.slot, self.plan, self.features, evaluations, not passes.any())

    def _walked(self, row: np.ndarray, reference: np.ndarray, columns: partial[np.ndarray], words: np.ndarray) -> _Contributions:
        """Walk the permutations of pairs that differ in equally many features, (pairs,) indices and (pairs, length).

        Forwards, a feature at position p adds v(first p + 1) - v(first p); backwards, it adds
        v(all but the first p) - v(all but the first p + 1). Together that is c(p + 1) - c(p), where c(p) is
        the contrast of the first p features and all others.
        """
        length = words.shape[1]
        position = _positions(words)
        inside = _Walks(columns(position, feature_of_column=self._feature_of_column), length)
        contrasts = self.masked.contrasts(row, reference, inside, coalitions_of_pair(length))
        ends = self.masked.ends.contrasts(row, reference)
        plain = np.concatenate([[-ends], contrasts[: length - 1], [ends]])
        rotated = np.empty_like(plain)
        rotated[[0, length]] = -ends, ends
        rotated[_rotated_levels(length)] = contrasts[length - 1 :]
        rotated[length - length // 2] = -plain[length // 2]  # the second half is the complement of the first
        first = _added(plain, position)
        second = _added(rotated, _rotated(position, length))
        return _Contributions(0.5 * (first + second), 0.25 * np.square(first - second))


class _Walks:
    """Columns inside the coalitions of pairs: the first of the permutation, then of the rotated one.

    Args:
        position: (pairs, columns) of each column's feature in the permutation; any where it does not differ.
        length: number of differing features.
    """

    def __init__(self, position: np.ndarray, length: int) -> None:
        self._positions = position, _rotated(position, length)
        self._levels = np.arange(1, length, dtype=position.dtype), _rotated_levels(length).astype(position.dtype)

    def __call__(self, pairs: slice, coalitions: slice) -> np.ndarray:
        """Return the masks of some pairs at some coalitions: (coalitions, pairs * columns) bool."""
        first, last, _ = coalitions.indices(sum(map(len, self._levels)))
        plain, rotated = (position[pairs].reshape(1, -1) for position in self._positions)
        border = len(self._levels[0])
        masks = np.empty((last - first, plain.shape[1]), bool)
        parts = np.split(masks, [min(max(0, border - first), len(masks))])
        np.less(plain, self._levels[0][first:last, None], out=parts[0])
        np.less(rotated, self._levels[1][max(0, first - border) : max(0, last - border), None], out=parts[1])
        return masks


def _rotated_levels(length: int) -> np.ndarray:
    """Return the sizes of the rotated permutation's coalitions but for the half that the other one has evaluated."""
    return np.delete(np.arange(1, length), slice(length - length // 2 - 1, length - length // 2))


def _rotated(position: np.ndarray, length: int) -> np.ndarray:
    """Return positions in the permutation that begins with the second half, of the same type."""
    half = position.dtype.type(length // 2)
    rest = position.dtype.type(length - length // 2)
    return np.where(position < half, position + rest, position - half)


def _positions(words: np.ndarray) -> np.ndarray:
    """Return each feature's position in permutations along the last axis, in a small type.

    Random words are sorted with the feature's number in their last bits: so no two are equal, and the
    draw rests on Philox's stream alone, which numpy keeps from version to version, unlike its shuffles.
    """
    length = words.shape[-1]
    feature_bits = np.uint32((1 << (length - 1).bit_length()) - 1)
    words = words & ~feature_bits | np.arange(length, dtype=np.uint32)
    words.sort(axis=-1)
    return (words & feature_bits).astype(np.min_scalar_type(length))


def _added(chain: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Return what the features at positions (pairs, length) add, from contrasts (length + 1, pairs): (entries,)."""
    place = (position * np.intp(chain.shape[1]) + np.arange(len(position))[:, None]).ravel()
    return np.asarray(0.5 * np.take(np.diff(chain, axis=0), place))


def _draw(seed: int, group: np.ndarray, passes: np.ndarray, plan: PassPlan, features: int) -> _Draws:
    """Draw the pass of each row; it depends on the seed, the row's index and its pass alone.

    Doubled slots are equally far from each other, from a random first one on.
    """
    count = 1 + plan.pairs * features
    generator = np.random.Philox(key=seed)
    state = generator.state
    words = np.empty((len(group), -(-count // 2)), np.uint64)
    for line, row, number in zip(words, group.tolist(), passes.tolist(), strict=True):
        state["state"]["counter"][:] = 0, 0, row, number
        generator.state = state  # several times faster than another generator
        line[:] = generator.random_raw(len(line))
    words = words.view(np.uint32)[:, :count]
    phase = words[:, :1] / 2.0**32
    doubled = ((np.arange(plan.doubled) + phase) * plan.slots / plan.doubled).astype(np.int64)
    slots = np.broadcast_to(np.arange(plan.slots), (len(group), plan.slots))
    return _Draws(np.concatenate([slots, doubled], axis=1), words[:, 1:].reshape(len(group), plan.pairs, features))


def _reduced(
    contributions: _Contributions,
    pairs: SortedPairs,
    slot: np.ndarray,
    plan: PassPlan,
    features: int,
    evaluations: int,
    is_first: bool,
) -> PassSums:
    """Sum the contributions of all pairs over the slots; ``slot`` is that of each pair (rows, pairs)."""
    rows = len(slot)
    means, squares = contributions
    line = np.arange(rows)[:, None]
    doubled = np.full(slot.shape, -1)
    doubled[line, slot[:, plan.slots :]] = doubled[:, plan.slots :] = np.arange(rows * plan.doubled).reshape(rows, -1)
    weight = pairs.entries(np.where(doubled < 0, 1.0, 0.5).ravel()[pairs.order])
    row = pairs.order // plan.pairs
    feature_of_row = pairs.entries(row * features) + pairs.features
    weighted = weight * means

    def summed(values: np.ndarray, place: np.ndarray, lines: int) -> np.ndarray:
        return np.bincount(place, values, lines * features).reshape(lines, features)

    sums = summed(weighted, feature_of_row, rows)
    influence = np.zeros((plan.references, features))
    if is_first:
        reference = (slot % plan.references).ravel()[pairs.order]
        signs = np.sign(sums).ravel()[feature_of_row]
        place = pairs.entries(reference * features) + pairs.features
        influence = summed(signs * weighted, place, plan.references) / (plan.slots // plan.references)
    at = np.flatnonzero(weight < 1)
    place = pairs.entries(doubled.ravel()[pairs.order] * features)[at] + pairs.features[at]
    sign = pairs.entries(np.where(pairs.order % plan.pairs < plan.slots, 1.0, -1.0))[at]
    difference = summed(sign * means[at], place, rows * plan.doubled)
    return PassSums(
        sums,
        summed(np.square(weight) * squares, feature_of_row, rows),
        0.5 * np.bincount(feature_of_row[at] // features, squares[at], rows),
        0.5 * np.square(difference).reshape(rows, -1).sum(axis=1),
        influence,
        evaluations,
    )
