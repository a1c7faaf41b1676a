"""SHAP values from random orders of the features, each walked forwards and backwards.

Sources: Castro, Gomez and Tejada, Computers & Operations Research 36 (2009), for sampling permutations;
Mitchell, Cooper, Frank and Holmes, Journal of Machine Learning Research 23 (2022), for the reversed
("antithetic") ones, which cancel the error of all interactions of two features; Strumbelj and Kononenko,
Knowledge and Information Systems 41 (2014), for one reference a permutation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod

import numpy as np

from audit.attribution.coalitions import Coalitions, CoalitionScheme
from audit.attribution.contrasts import Ends, contrasts
from audit.attribution.running_estimate import RunningEstimate, ShapleyEstimate

Draw = Callable[[np.ndarray], np.ndarray]
"""Maps indices of rows to the positions of all features in the rows' next permutations."""

DRAWS = 2
"""Permutations that a row draws for each reference in a pass: the least that shows their spread."""


def scheme(features: int) -> CoalitionScheme:
    """Number the coalitions along a permutation by their sizes: keys are the features' positions."""
    return CoalitionScheme(inside=np.less, levels=features - 1, draws=DRAWS)


def sample(coalitions: Coalitions, ends: Ends, features: int, seed: int, tolerance: float) -> ShapleyEstimate:
    """Sample permutations of at least two features until each row's errors are within the tolerance.

    Raises:
        ValueError: the function is not finite on a masked row.
    """
    running = RunningEstimate(ends, features)
    draw = partial(_positions, seed, running.passes, (len(ends.references), DRAWS, features))
    while len(unfinished := running.unfinished(tolerance)):
        work = partial(_contributions, coalitions, ends, draw)
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


def _contributions(coalitions: Coalitions, ends: Ends, draw: Draw, rows: np.ndarray) -> np.ndarray:
    """Return what each feature adds, averaged over both directions (rows, references, DRAWS, features).

    Forwards, a feature at position p adds v(first p + 1) - v(first p); backwards, it adds
    v(all but the first p) - v(all but the first p + 1). Together that is c(p + 1) - c(p), where c(p) is
    the contrast of the first p features and all others.
    """
    positions = draw(rows)
    features = positions.shape[-1]
    keys = positions.reshape(-1, features)
    levels = np.arange(1, features, dtype=np.int32)
    chain = contrasts(coalitions, ends, rows, keys, levels).ravel()
    place = keys * np.intp(len(keys)) + np.arange(len(keys))[:, None]  # of each feature in the chain
    added = chain[place + len(keys)] - chain[place]
    return np.asarray(0.5 * added.reshape(positions.shape))
