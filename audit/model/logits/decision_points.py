"""Logit candidates of graphs that decide without a sigmoid or softmax: the inputs of comparisons, signs and maxima."""

from collections.abc import Collection

import numpy as np

from audit.model.graph.frozen import Frozen
from audit.model.graph.traversal import node_name
from audit.model.logits.candidates import (
    MIN_LOG_ORDERS,
    LogitCandidate,
    ScoreMatch,
    log_orders,
    match_scores,
    operation_inputs,
)

_DECIDING = frozenset({"Greater", "GreaterEqual", "Less", "LessEqual", "Sign", "ArgMax", "Max", "TopKV2"})
_SATURATING = frozenset({"Tanh", "Erf", "Softsign", "Atan", "RealDiv"})  # z / |z| is as flat as the others
_MAX_CANDIDATES = 12
_TIE_TOLERANCE = 1e-5


def decision_inputs(frozen: Frozen, widths: Collection[int]) -> list[LogitCandidate]:
    """Return the float inputs, of one of these ``widths``, of comparisons, signs and maxima.

    Inputs of saturating operations, such as a hyperbolic tangent, are included. The nearest to the output come first;
    of a comparison or a quotient both sides, unless one is a constant.
    """
    candidates: dict[str, LogitCandidate] = {}
    for candidate in operation_inputs(frozen, _DECIDING | _SATURATING, default_width=0):
        if candidate.width in widths and _is_computed_float(frozen, candidate.tensor):
            candidates.setdefault(candidate.tensor, candidate)
    return list(candidates.values())[:_MAX_CANDIDATES]


def _is_computed_float(frozen: Frozen, tensor: str) -> bool:
    is_float = frozen.dtype(tensor).startswith(("float", "bfloat"))
    return is_float and frozen.nodes[node_name(tensor)].op != "Const"


def match_scores_or_decisions(
    logits: np.ndarray, expected: np.ndarray, dtype: str, decided: np.ndarray
) -> ScoreMatch | None:
    """Return how scores follow from logits, or else how the decisions do: enough for an attack's direction.

    Args:
        logits: ``(rows, classes)``, or ``(rows, 1)`` for the log-odds of the second of two classes.
        expected: the model's probabilities ``(rows, classes)``, or the values ``(rows, 1)`` of a regression.
        dtype: name of the type that the logits were computed in.
        decided: the class that the model decides on, int ``(rows,)``; of a regression 1 where it is favourable.
    """
    match = match_scores(logits, expected, dtype)
    if (match and match.equal) or log_orders(np.bincount(decided)) < MIN_LOG_ORDERS:
        return match
    if expected.shape[1] > 2:
        same = logits.shape == expected.shape and _decides(logits, expected)
        return match or (ScoreMatch(1, 1.0, False) if same else None)
    odds = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
    for sign in (match.sign,) if match else (1, -1):
        boundary = _boundary(sign * odds, decided == 1)
        if boundary is not None:
            return ScoreMatch(sign, 1.0, False, boundary)
    return match


def _boundary(odds: np.ndarray, second: np.ndarray) -> float | None:
    """Return a value between the log-odds of two decisions, None where those of the second are not all greater.

    That is 0 where possible: most comparisons are with it.
    """
    below = odds[~second].max()
    above = odds[second].min()
    if below < above:
        return 0.0 if below < 0 < above else float(below + (above - below) / 2)
    return None


def _decides(logits: np.ndarray, expected: np.ndarray) -> bool:
    """Return whether the largest logit always has (one of) the largest scores, and not by luck."""
    classes = logits.argmax(1)
    scores = expected[np.arange(len(expected)), classes]
    largest = (scores >= expected.max(1) - _TIE_TOLERANCE).all()
    return bool(largest and log_orders(np.bincount(classes)) >= MIN_LOG_ORDERS)
