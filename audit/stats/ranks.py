"""Order of the rows by their scores, in 32 bits, of which many rows are sorted by parts of rising scores."""

from itertools import pairwise

import numpy as np

from audit.stats.row_blocks import row_blocks

PART_ROWS = 2**20
"""Rows that are sorted at once."""
_SAMPLED_ROWS = 2**14
_SIGN = np.uint32(1 << 31)


def ranks(scores: np.ndarray) -> np.ndarray:
    """Return a uint32 of each score: greater for greater scores, the same for equal ones.

    The bits of non-negative 32-bit floats are in their order, so that ranks of float32 scores cost no memory.
    """
    single = scores.astype(np.float32, copy=False)
    if np.array_equal(single, scores):
        bits = single.view(np.uint32)
        if bits.max(initial=0) < _SIGN:
            return bits
        bits = (single + np.float32(0.0)).view(np.uint32)  # one zero
        return np.where(bits < _SIGN, bits | _SIGN, ~bits)
    order = np.argsort(scores)
    steps = np.diff(scores[order], prepend=scores[order[:1]]) > 0
    rank = np.empty(len(scores), np.uint32)
    rank[order] = np.cumsum(steps, dtype=np.uint32)
    return rank


def inner_edges(values: np.ndarray) -> list[float]:
    """Return values, rising, between which about `PART_ROWS` rows are; none of fewer rows."""
    number = -(-len(values) // PART_ROWS)
    if number <= 1:
        return []
    sample = np.sort(values[:: -(-len(values) // _SAMPLED_ROWS)])
    return sorted({sample[len(sample) * part // number].item() for part in range(1, number)})


def rising_places(scores: np.ndarray) -> np.ndarray:
    """Return the places of the rows by rising score, ties in the order of rows; uint32."""
    rank = ranks(scores)
    places = np.empty(len(rank), np.uint32)
    first = 0
    for start, end in pairwise([0, *inner_edges(rank), 1 << 32]):
        packed = _packed(rank, start, end)
        packed.sort()
        places[first : first + len(packed)] = packed  # its last 32 bits
        first += len(packed)
    return places


def _packed(rank: np.ndarray, start: float, end: float) -> np.ndarray:
    """Return rank and place of the rows of a range of ranks as one uint64 each: to sort these is faster than places."""
    packed = []
    for block in row_blocks(len(rank)):
        inside = np.flatnonzero((rank[block] >= start) & (rank[block] < end))
        packed.append(rank[block][inside].astype(np.uint64) << 32 | (inside + block.start).astype(np.uint64))
    return np.concatenate(packed)
