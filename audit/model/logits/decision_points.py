"""Where a graph decides without a sigmoid or softmax: what flows into its comparisons, signs and largest values."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from audit.model.graph.frozen import Frozen
from audit.model.graph.traversal import data_inputs, node_name
from audit.model.logits.candidates import (
    MIN_LOG_ORDERS,
    LogitCandidate,
    ScoreMatch,
    log_orders,
    match_scores,
    nodes_from_output,
)

_DECIDING = frozenset({"Greater", "GreaterEqual", "Less", "LessEqual", "Sign", "ArgMax", "Max", "TopKV2"})
_SATURATING = frozenset({"Tanh", "Erf", "Softsign", "Atan", "RealDiv"})  # z / |z| is as flat as the others
_MOST = 12
_TIED = 1e-5


def decision_inputs(frozen: Frozen, widths: Collection[int]) -> list[LogitCandidate]:
    """Return the float tensors, of so many columns, that a comparison, a sign or a largest value is taken of.

    So are those that an operation saturates, as a hyperbolic tangent does. The nearest to the output come first; of a
    comparison or a quotient both sides, unless one is a constant.
    """
    found: dict[str, LogitCandidate] = {}
    for node in nodes_from_output(frozen):
        if node.op in _DECIDING | _SATURATING:
            for tensor in data_inputs(node):
                width = _width(frozen, tensor)
                if len(found) < _MOST and width and width in widths:
                    found.setdefault(
                        tensor, LogitCandidate(tensor, width, f"what flows into {node.op} ({node.name})")
                    )
    return list(found.values())


def _width(frozen: Frozen, tensor: str) -> int | None:
    """Return the columns of a float tensor of rows, None where it is none."""
    shape = frozen.shape(tensor)
    if frozen.nodes[node_name(tensor)].op == "Const" or not frozen.dtype(tensor).startswith(
        ("float", "bfloat")
    ):
        return None
    if shape == [None]:
        return 1
    return shape[1] if shape and len(shape) == 2 and shape[0] is None else None


def match_scores_or_decisions(
    logits: np.ndarray, expected: np.ndarray, dtype: str, decided: np.ndarray
) -> ScoreMatch | None:
    """Tell whether scores follow from logits, or else whether the decisions do: enough for an attack's direction.

    Args:
        logits: ``(rows, classes)``, or ``(rows, 1)`` for the log-odds of the second of two classes.
        expected: probabilities ``(rows, classes)`` by the uncut model, or ``(rows, 1)`` of a regression.
        dtype: the name of the type that the logits were computed in.
        decided: the class that the uncut model decides on, int ``(rows,)``; of a regression 1 where it is favourable.
    """
    found = match_scores(logits, expected, dtype)
    if (found and found.equal) or log_orders(np.bincount(decided)) < MIN_LOG_ORDERS:
        return found
    if expected.shape[1] > 2:
        same = logits.shape == expected.shape and _decides(logits, expected)
        return found or (ScoreMatch(1, 1.0, False) if same else None)
    odds = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
    ways = ((sign, _border(sign * odds, decided == 1)) for sign in ((found.sign,) if found else (1, -1)))
    parted = next((ScoreMatch(sign, 1.0, False, border) for sign, border in ways if border is not None), None)
    return parted or found


def _border(odds: np.ndarray, second: np.ndarray) -> float | None:
    """Return what lies between the log-odds of two decisions, None where those of the second are not all greater.

    That is 0 where it may be: most comparisons are with it.
    """
    below, above = odds[~second].max(), odds[second].min()
    if below < above:
        return 0.0 if below < 0 < above else float(below + (above - below) / 2)
    return None


def _decides(logits: np.ndarray, expected: np.ndarray) -> bool:
    """Tell whether the largest of the logits is always (one of) the largest of the scores, and not by luck."""
    chosen = logits.argmax(1)
    at = expected[np.arange(len(expected)), chosen]
    return bool((at >= expected.max(1) - _TIED).all() and log_orders(np.bincount(chosen)) >= MIN_LOG_ORDERS)
