"""Effect sizes of a shift between two samples in bins: population stability index, Jensen-Shannon, Kolmogorov-Smirnov.

Small samples differ though nothing has changed: each is corrected by its bias, which the bootstrap estimates.
"""

from typing import NamedTuple

import numpy as np

from audit.stats.proportions import Reals

_RESAMPLES = 200
_HALF_A_ROW = 0.5
"""Added to every bin, since an empty one would make the index infinite."""


class _Scale(NamedTuple):
    power: int
    highest: float


_SCALES = {"psi": _Scale(1, np.inf), "js": _Scale(2, 1.0), "ks": _Scale(2, 1.0)}
"""Distances are corrected as squares, whose bias is about the same with and without a shift, as that of the index is.

Corrected as they are, the intervals of half of all batches without a shift would exclude 0.
"""


class EffectSize(NamedTuple):
    """Corrected value with its interval, NaN without rows."""

    value: float
    low: float
    high: float


def effect_sizes(
    batch: Reals, reference: Reals, ordered: bool, seed: int, confidence: float = 0.95
) -> dict[str, EffectSize]:
    """Return "psi", "js" and "ks" of a batch against the reference.

    Args:
        batch: rows in each bin, ``(bins,)``.
        reference: the same of the reference.
        ordered: whether the bins are ordered: else "ks" is the total variation distance.
        seed: of the resamples.
        confidence: of the intervals.

    Returns:
        The value less the bias, at least 0. The interval reaches from it, less the spread of the resamples, to the
        uncorrected value plus that spread: as much is corrected as the sample suggests, and as little.

    Sources: Siddiqi, "Credit Risk Scorecards" (2006), for the index; Lin, IEEE Transactions on Information Theory 37
    (1991), of whose divergence, with base 2, the distance is the root; Davison and Hinkley, "Bootstrap Methods and
    their Application" (1997), 5.2, for the correction and the lower limit.
    """
    if batch.sum() == 0 or reference.sum() == 0:
        return dict.fromkeys(("psi", "js", "ks"), EffectSize(np.nan, np.nan, np.nan))
    # half a row in a bin that is empty in both would be a difference by itself
    occupied = batch + reference > 0
    batch, reference = batch[occupied], reference[occupied]
    rng = np.random.default_rng(seed)
    of_batch, of_reference = (
        rng.multinomial(int(counts.sum()), counts / counts.sum(), _RESAMPLES).astype(np.float64)
        for counts in (batch, reference)
    )
    estimates = _sizes(batch[None], reference[None], ordered)
    resamples = _sizes(of_batch, of_reference, ordered)
    tail = (1.0 - confidence) / 2.0
    return {
        name: _corrected(float(estimates[name][0]), resamples[name], tail, scale)
        for name, scale in _SCALES.items()
    }


def _corrected(estimate: float, resamples: Reals, tail: float, scale: _Scale) -> EffectSize:
    values = resamples**scale.power
    uncorrected, mean = estimate**scale.power, float(values.mean())
    corrected = 2.0 * uncorrected - mean
    spread = max(0.0, float(np.quantile(values, 1.0 - tail)) - mean)
    ends = (corrected, corrected - spread, max(uncorrected, corrected) + spread)
    return EffectSize(*(min(max(0.0, end) ** (1.0 / scale.power), scale.highest) for end in ends))


def _sizes(batch: Reals, reference: Reals, ordered: bool) -> dict[str, Reals]:
    """Return the uncorrected effect sizes of counts ``(samples, bins)``."""
    p, q = (_shares(counts, _HALF_A_ROW) for counts in (batch, reference))
    plain_p, plain_q = (_shares(counts, 0.0) for counts in (batch, reference))
    gaps = plain_p - plain_q
    distance = np.abs(np.cumsum(gaps, axis=1)).max(1) if ordered else np.abs(gaps).sum(1) / 2.0
    middle = (p + q) / 2.0
    divergence = (p * np.log2(p / middle) + q * np.log2(q / middle)).sum(1) / 2.0
    return {
        "psi": ((p - q) * np.log(p / q)).sum(1),
        "js": np.sqrt(np.maximum(divergence, 0.0)),
        "ks": distance,
    }


def _shares(counts: Reals, added: float) -> Reals:
    filled = counts + added
    return np.asarray(filled / filled.sum(1, keepdims=True))
