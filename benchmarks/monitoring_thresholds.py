"""Fixed thresholds that are in common use, on the same simulated lives: PSI, and a Kolmogorov-Smirnov test a batch."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr
from scipy.stats import kstwo

from benchmarks.monitoring_lives import FEATURES, Life

PSI_LIMITS = (0.1, 0.2)
LEVEL = 0.05
METHODS = [
    *(f"PSI > {limit}" for limit in PSI_LIMITS),
    "KS p < 0.05",
    f"KS p < 0.05 / {FEATURES}",
]
_EMPTY = 1e-4
"""Share that is taken for an empty decile, as is usual."""


def exceeded(life: Life, rng: np.random.Generator) -> np.ndarray:
    """Return whether each of `METHODS` raises an alarm on each batch, for any feature: bool (methods, batches)."""
    psi = _psi(life).max(1)
    distance = _ks_distance(life, rng).max(1)
    rows = life.world.batch_rows
    effective = round(rows * life.world.reference_rows / (rows + life.world.reference_rows))
    lines = kstwo.isf([LEVEL, LEVEL / FEATURES], effective)
    return np.stack([*(psi > limit for limit in PSI_LIMITS), *(distance > line for line in lines)])


def _psi(life: Life) -> np.ndarray:
    """Return the population stability index of each feature by deciles, (batches, features)."""
    batch, reference = (
        _decile_shares(counts)
        for counts in (life.counts[:, :FEATURES, 0], np.array(life.reference.counts[:FEATURES])[:, 0])
    )
    return np.asarray(((batch - reference) * np.log(batch / reference)).sum(-1))


def _decile_shares(counts: np.ndarray) -> np.ndarray:
    deciles = np.concatenate([counts[..., :9], counts[..., 9:11].sum(-1, keepdims=True)], -1)
    return np.maximum(deciles / deciles.sum(-1, keepdims=True), _EMPTY)


def _ks_distance(life: Life, rng: np.random.Generator) -> np.ndarray:
    """Return the distance of each feature, (batches, features), of rows drawn within the bins that were counted."""
    world = life.world
    rows = world.batch_rows
    reached = np.arange(rows + 1) / rows
    distances = np.zeros((world.batches, FEATURES))
    for feature in range(FEATURES):
        values = np.sort(life.values[:, feature])
        edges = np.array([-np.inf, *life.reference.variables[feature].edges, np.inf])
        for batch in range(world.batches):
            is_shifted = feature == 0 and batch + 1 >= world.shifted_from
            mean = world.shift if is_shifted else 0.0
            # the distance is the same on the scale on which the batch is uniform
            places = ndtr(edges - mean)
            counts = life.counts[batch, feature, 0, :-1]
            low = np.repeat(places[:-1], counts)
            drawn = np.sort(low + rng.random(rows) * (np.repeat(places[1:], counts) - low))
            below = np.searchsorted(ndtr(values - mean) if is_shifted else ndtr(values), drawn) / len(values)
            distances[batch, feature] = max((reached[1:] - below).max(), (below - reached[:-1]).max())
    return distances
