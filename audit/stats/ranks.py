"""Order of the rows by their scores, in 32 bits, of which many rows are sorted by parts of rising scores."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from audit.stats.row_blocks import row_blocks

PART_ROWS = 2**20
"""Rows that are sorted at once."""
ALL_RANKS = (0, 1 << 32)
"""The range of every rank: its start, and the first rank beyond its end."""
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


def parts_of_ranks(rank: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield ranges of about `PART_ROWS` rows, from the least rank to the greatest; equal ranks are in one."""
    start, end = ALL_RANKS
    yield from pairwise([start, *inner_edges(rank), end])


def inner_edges(values: np.ndarray) -> list[float]:
    """Return values, rising, between which about `PART_ROWS` rows are; none of fewer rows."""
    number = -(-len(values) // PART_ROWS)
    if number <= 1:
        return []
    sample = np.sort(values[:: -(-len(values) // _SAMPLED_ROWS)])
    return sorted({sample[len(sample) * part // number].item() for part in range(1, number)})


def packed_rows(group: np.ndarray, rank: np.ndarray, label: np.ndarray, part: tuple[int, int]) -> np.ndarray:
    """Return group, rank and label (bool) of the rows of a range of ranks, each in one uint64 that orders by them."""
    packed = []
    for block in row_blocks(len(rank)):
        columns = [group[block], rank[block], label[block]]
        if part != ALL_RANKS:
            inside = (rank[block] >= part[0]) & (rank[block] < part[1])
            columns = [column[inside] for column in columns]
        of_group, of_rank, of_label = columns
        packed.append((of_group.astype(np.uint64) << 33) | (of_rank.astype(np.uint64) << 1) | of_label)
    return np.concatenate(packed)
