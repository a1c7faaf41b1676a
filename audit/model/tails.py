"""Where a graph decides without a sigmoid or softmax: what flows into its comparisons, signs and largest values."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.special import gammaln

from audit.model.frozen import Frozen
from audit.model.graph import data_inputs, node_name
from audit.model.heads import Match, Target, match

_DECIDING = frozenset({"Greater", "GreaterEqual", "Less", "LessEqual", "Sign", "ArgMax", "Max", "TopKV2"})
_MOST = 8
_TIED = 1e-5
_LUCK = np.log(1e6)  # decisions that one tensor in a million has by chance are no chance


def deciding(frozen: Frozen, width: int) -> list[Target]:
    """Return the float tensors of ``width`` columns that a comparison, a sign or a largest value is taken of.

    The nearest to the output come first; of a comparison both sides, unless one is a constant.
    """
    found: dict[str, Target] = {}
    for node in _upwards(frozen):
        if node.op in _DECIDING:
            for tensor in data_inputs(node):
                if len(found) < _MOST and _is_wide(frozen, tensor, width):
                    found.setdefault(
                        tensor, Target(tensor, width, f"what flows into {node.op} ({node.name})")
                    )
    return list(found.values())


def _is_wide(frozen: Frozen, tensor: str, width: int) -> bool:
    shape = frozen.shape(tensor)
    if frozen.nodes[node_name(tensor)].op == "Const" or not frozen.dtype(tensor).startswith(
        ("float", "bfloat")
    ):
        return False
    return shape == [None, width] or (shape == [None] and width == 1)


def _upwards(frozen: Frozen) -> Iterator[Any]:
    queue, seen = deque([node_name(frozen.output)]), set[str]()
    while queue:
        name = queue.popleft()
        if name not in seen:
            seen.add(name)
            yield frozen.nodes[name]
            queue.extend(node_name(tensor) for tensor in data_inputs(frozen.nodes[name]))


def match_or_decide(logits: np.ndarray, expected: np.ndarray, dtype: str) -> Match | None:
    """Tell whether scores follow from logits, or else whether the decisions do: enough for an attack's direction.

    Args:
        logits: ``(rows, classes)``, or ``(rows, 1)`` for the log-odds of the second of two classes.
        expected: probabilities ``(rows, classes)`` by the uncut model, or ``(rows, 1)`` of a regression.
        dtype: the name of the type that the logits were computed in.
    """
    found = match(logits, expected, dtype)
    if (
        found is None
        and logits.shape == expected.shape
        and expected.shape[1] > 1
        and _decides(logits, expected)
    ):
        return Match(1, 1.0, False)
    return found


def _decides(logits: np.ndarray, expected: np.ndarray) -> bool:
    """Tell whether the largest of the logits is always (one of) the largest of the scores, and not by luck."""
    chosen = logits.argmax(1)
    at = expected[np.arange(len(expected)), chosen]
    counts = np.bincount(chosen)
    orders = gammaln(len(chosen) + 1) - gammaln(counts + 1).sum()
    return bool((at >= expected.max(1) - _TIED).all() and orders >= _LUCK)
