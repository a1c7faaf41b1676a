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

from audit.attribution.coalitions import MaskedFunction
from audit.attribution.differing_features import FeatureCodes, SortedPairs, by_column
from audit.attribution.pass_plan import PassPlan, coalitions_of_pair
from audit.attribution.pass_sums import SampledPairs
from audit.attribution.row_groups import RowGroup
from audit.attribution.running_estimate import PassSums


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
        masked: the function, its rows and references.
        feature_of_column: (columns,) int, the feature that each column belongs to.
        seed: seed of the permutations.
    """

    def __init__(self, masked: MaskedFunction, feature_of_column: np.ndarray, seed: int) -> None:
        self.masked = masked
        self.plan = PassPlan.of(len(masked.background))
        self._codes = FeatureCodes.of(masked.rows, masked.background, feature_of_column)
        self._feature_of_column = feature_of_column
        self._seed = seed

    @property
    def features(self) -> int:
        """Number of features."""
        return int(self._codes.rows.shape[1])

    def __call__(self, row_group: RowGroup) -> PassSums:
        """Sample the pass that each row of the group is at."""
        group, passes = row_group
        draws = _draw(self._seed, group, passes, self.plan, self.features)
        reference = draws.slot % self.plan.references
        differing = self._codes.differing(group)[np.arange(len(group))[:, None], reference]
        pairs = SortedPairs.of(differing.reshape(-1, self.features))
        sampled = SampledPairs(pairs, draws.slot, self.plan, self.features)
        words = draws.words.reshape(-1)[pairs.entries(pairs.order * self.features) + pairs.features]
        row = group[sampled.row].astype(np.int32)
        reference = sampled.reference.astype(np.int32)
        evaluations = 0
        for length, p, e in pairs.buckets(self._pairs_of_call):
            columns = partial(by_column, features=pairs.features[e].reshape(-1, length))
            walked = self._walked(row[p], reference[p], columns, words[e].reshape(-1, length))
            sampled.means[e], sampled.squares[e] = walked.means, walked.squares
            evaluations += 2 * (p.stop - p.start) * coalitions_of_pair(length)
        return sampled.sums(evaluations, is_first=not passes.any())

    def _pairs_of_call(self, length: int) -> int:
        return self.masked.pairs_of_call(coalitions_of_pair(length))

    def _walked(
        self, row: np.ndarray, reference: np.ndarray, columns: partial[np.ndarray], words: np.ndarray
    ) -> _Contributions:
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
        self._levels = (
            np.arange(1, length, dtype=position.dtype),
            _rotated_levels(length).astype(position.dtype),
        )

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
    return np.asarray(np.where(position < half, position + rest, position - half))


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
    streams = np.empty((len(group), -(-count // 2)), np.uint64)
    for line, row, number in zip(streams, group.tolist(), passes.tolist(), strict=True):
        state["state"]["counter"][:] = 0, 0, row, number
        generator.state = state  # several times faster than another generator
        line[:] = generator.random_raw(len(line))
    words = streams.view(np.uint32)[:, :count]
    phase = words[:, :1] / 2.0**32
    doubled = ((np.arange(plan.doubled) + phase) * plan.slots / plan.doubled).astype(np.int64)
    slots = np.broadcast_to(np.arange(plan.slots), (len(group), plan.slots))
    return _Draws(
        np.concatenate([slots, doubled], axis=1), words[:, 1:].reshape(len(group), plan.pairs, features)
    )
