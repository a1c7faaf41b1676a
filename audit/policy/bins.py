"""Labels of a numeric attribute's bins: ``[25, 60]`` makes ``<25``, ``25-60`` (25 <= x < 60) and ``>=60``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def bin_labels(edges: Sequence[float]) -> list[str]:
    """Return the labels of the bins between increasing ``edges``, lowest first."""
    text = [f"{edge:.12g}" for edge in edges]
    between = [f"{low}-{high}" for low, high in pairwise(text)]
    return [f"<{text[0]}", *between, f">={text[-1]}"]
