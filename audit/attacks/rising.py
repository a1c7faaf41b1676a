"""Searches at rising sizes: a row that a smaller one flipped keeps that point, which lies inside the larger ball."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from audit.attacks.batch import Batch, Tried


def rising(
    batch: Batch, sizes: Sequence[float], search: Callable[[np.ndarray, float], Tried]
) -> Iterator[Tried]:
    """Yield what came of each size.

    Args:
        batch: the rows.
        sizes: rising.
        search: attacks the rows of ``batch`` with these numbers, int ``(n,)``, at one size.
    """
    best, flipped = batch.x.copy(), np.zeros(len(batch.x), bool)
    for eps in sizes:
        left = np.flatnonzero(~flipped)
        best[left], flipped[left] = search(left, eps)
        yield best.copy(), flipped.copy()
