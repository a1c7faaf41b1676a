"""One pass of permutations over all references: for a group of rows, contributions reduced to sums.

Sources: Castro, Gomez and Tejada, Computers & Operations Research 36 (2009), for sampling permutations;
Mitchell, Cooper, Frank and Holmes, Journal of Machine Learning Research 23 (2022), for the reversed
("antithetic") ones, which cancel the error of all interactions of two features; Strumbelj and Kononenko,
Knowledge and Information Systems 41 (2014), for one reference a permutation.

A draw is a permutation of the features that differ, walked forwards and backwards. A pair of draws is a permutation
and the same rotated by half its length: a feature that comes early in one comes late in the other, and as other
features precede it, errors cancel in part.
"""

from typing import NamedTuple

import numpy as np

from audit.attribution.coalitions import BatchFunction, MaskedFunction
from audit.attribution.differing_features import Bucket, FeatureCodes, buckets, spread
from audit.attribution.running_estimate import PassSums, signed_sums

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
    """Random numbers of a group's pass.

    Attributes:
        doubled: (rows, doubled) int, the slots that draw a second pair.
        words: (rows, pairs, features) uint32, whose order is a permutation: pairs of all slots, then second pairs.
    """

    doubled: np.ndarray
    words: np.ndarray


class _PairContributions(NamedTuple):
    """Contributions of the features of pairs by the permutation and by the rotated one, both (pairs, features)."""

    plain: np.ndarray
    rotated: np.ndarray


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
        slot = np.broadcast_to(np.arange(self.plan.slots), (len(group), self.plan.slots))
        reference = np.concatenate([slot, draws.doubled], axis=1) % self.plan.references
        differing = self._codes.differing(group)[np.arange(len(group))[:, None], reference]
        differing = differing.reshape(-1, self.features)
        row = np.repeat(group, self.plan.pairs).astype(np.int32)
        words = draws.words.reshape(-1, self.features)
        shape = (len(row), self.features)
        contributions = _PairContributions(np.zeros(shape), np.zeros(shape))
        evaluations = 0
        for bucket in buckets(differing):
            pairs = bucket.pairs
            part = self._contributions(
                bucket, row[pairs], reference.ravel()[pairs].astype(np.int32), differing[pairs], words[pairs]
            )
            contributions.plain[pairs] = part.plain
            contributions.rotated[pairs] = part.rotated
            evaluations += 2 * len(pairs) * coalitions_of_pair(bucket.features)
        return _reduced(contributions, draws.doubled, self.plan, evaluations, is_first=not passes.any())

    def _contributions(
        self, bucket: Bucket, row: np.ndarray, reference: np.ndarray, differing: np.ndarray, words: np.ndarray
    ) -> _PairContributions:
        """Walk the permutations of pairs that differ in equally many features, (pairs,) indices and (pairs, features).

        Forwards, a feature at position p adds v(first p + 1) - v(first p); backwards, it adds
        v(all but the first p) - v(all but the first p + 1). Together that is c(p + 1) - c(p), where c(p) is
        the contrast of the first p features and all others.
        """
        length = bucket.features
        position = _positions(words[differing].reshape(-1, length))
        inside = _Walks(spread(position, differing)[:, self._feature_of_column], length)
        contrasts = self.masked.contrasts(row, reference, inside, coalitions_of_pair(length))
        ends = self.masked.ends.contrasts(row, reference)
        plain = np.concatenate([[-ends], contrasts[: length - 1], [ends]])
        rotated = np.empty_like(plain)
        rotated[[0, length]] = -ends, ends
        rotated[_rotated_levels(length)] = contrasts[length - 1 :]
        rotated[length - length // 2] = -plain[length // 2]  # the second half is the complement of the first
        return _PairContributions(
            spread(_added(plain, position), differing),
            spread(_added(rotated, _rotated(position, length)), differing),
        )


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
        first = len(self._levels[0])
        slices = slice(*coalitions.indices(first)), slice(*(max(0, end - first) for end in (coalitions.start, coalitions.stop)))
        walks = zip(self._positions, self._levels, slices, strict=True)
        masks = [position[pairs].reshape(1, -1) < levels[s, None] for position, levels, s in walks]
        return np.concatenate(masks)


def _rotated_levels(length: int) -> np.ndarray:
    """Return the sizes of the rotated permutation's coalitions but for the half that the other one has evaluated."""
    return np.delete(np.arange(1, length), slice(length - length // 2 - 1, length - length // 2))


def _rotated(position: np.ndarray, length: int) -> np.ndarray:
    """Return positions in the permutation that begins with the second half, of the same type."""
    half = position.dtype.type(length // 2)
    rest = position.dtype.type(length - length // 2)
    return np.where(position < half, position + rest, position - half)


def _positions(words: np.ndarray) -> np.ndarray:
    """Return each feature's position in permutations along the last axis, in the smallest type for twice their length.

    Random words are sorted with the feature's number in their last bits: so no two are equal, and the
    draw rests on Philox's stream alone, which numpy keeps from version to version, unlike its shuffles.
    """
    length = words.shape[-1]
    feature_bits = np.uint32((1 << (length - 1).bit_length()) - 1)
    words = words & ~feature_bits | np.arange(length, dtype=np.uint32)
    words.sort(axis=-1)
    return (words & feature_bits).astype(np.min_scalar_type(2 * length))


def _added(chain: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Return what the features at positions (pairs, length) add, from contrasts (length + 1, pairs)."""
    steps = np.subtract(chain[1:].T, chain[:-1].T, order="C")
    return np.asarray(0.5 * np.take_along_axis(steps, position.astype(np.intp), axis=1))


def _draw(seed: int, group: np.ndarray, passes: np.ndarray, plan: PassPlan, features: int) -> _Draws:
    """Draw the pass of each row; it depends on the seed, the row's index and its pass alone."""
    count = 1 + plan.pairs * features
    counters = ([0, 0, row, number] for row, number in zip(group.tolist(), passes.tolist(), strict=True))
    streams = [np.random.Philox(key=seed, counter=counter).random_raw(-(-count // 2)) for counter in counters]
    words = np.stack(streams).view(np.uint32)[:, :count]
    phase = words[:, :1] / 2.0**32
    doubled = ((np.arange(plan.doubled) + phase) * plan.slots / plan.doubled).astype(np.int64)
    return _Draws(doubled, words[:, 1:].reshape(len(group), plan.pairs, features))


def _reduced(
    contributions: _PairContributions, doubled: np.ndarray, plan: PassPlan, evaluations: int, *, is_first: bool
) -> PassSums:
    """Sum the contributions of the pairs of all rows over the slots."""
    shape = (len(doubled), plan.pairs, -1)
    means = (0.5 * (contributions.plain + contributions.rotated)).reshape(shape)
    squares = (np.square(contributions.plain - contributions.rotated) / 4).reshape(shape)
    by_slot = means[:, : plan.slots].copy()
    by_slot_squares = squares[:, : plan.slots].copy()
    at = np.arange(len(doubled))[:, None], doubled
    second = means[:, plan.slots :]
    second_squares = squares[:, plan.slots :]
    mean_squares = 0.5 * np.square(by_slot[at] - second).sum(axis=(1, 2))
    pair_squares = 0.5 * (by_slot_squares[at] + second_squares).sum(axis=(1, 2))
    by_slot[at] = 0.5 * (by_slot[at] + second)
    by_slot_squares[at] = 0.25 * (by_slot_squares[at] + second_squares)
    features = means.shape[-1]
    by_reference = by_slot.reshape(len(doubled), -1, plan.references, features).mean(axis=1)
    influence = signed_sums(by_reference) if is_first else np.zeros(by_reference.shape[1:])
    return PassSums(
        by_slot.sum(axis=1), by_slot_squares.sum(axis=1), pair_squares, mean_squares, influence, evaluations
    )
