"""Finds what may be the true logits in a frozen graph, and tells on data whether it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, gammaln, softmax

from audit.model.graph.frozen import Frozen
from audit.model.graph.traversal import data_inputs, node_name

_SQUASHING = frozenset({"Sigmoid", "Softmax", "LogSoftmax"})
_MOST = 8  # a recurrent network has many gates: the head is near the output
_STEPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7}  # what the sigmoids of these types are out of order by
_STEP = 1e-5  # scores of a cut graph differ in the last digit
_REGRESSED = 1e-4  # of a regression's value, relative and absolute
MIN_LOG_ORDERS = np.log(1e6)  # an order that one gate in a million has by chance is no chance


@dataclass(frozen=True)
class LogitCandidate:
    """A tensor of ``width`` columns, and in words what it is."""

    tensor: str
    width: int
    evidence: str


@dataclass(frozen=True)
class ScoreMatch:
    """How scores follow from logits: rising (``sign`` 1) or falling (-1).

    ``difference`` is the largest between the scores and the sigmoid or softmax of the logits, and ``equal`` says
    whether it is no more than rounding: nothing else lies between them. ``border`` is the value, times ``sign``, at
    which the decision changes; None where it is that of the scores.
    """

    sign: int
    difference: float
    equal: bool
    border: float | None = None


def logit_candidates(frozen: Frozen, otherwise: int) -> list[LogitCandidate]:
    """Return the inputs of the sigmoids and softmaxes above the output, the nearest first.

    Args:
        frozen: the model's graph.
        otherwise: the width of a tensor whose shape the graph does not say.
    """
    found: list[LogitCandidate] = []
    for node in nodes_from_output(frozen):
        if node.op in _SQUASHING and len(found) < _MOST:
            tensor = data_inputs(node)[0]
            width = _width(frozen.shape(tensor), otherwise)
            if width:
                found.append(LogitCandidate(tensor, width, f"what flows into {node.op} ({node.name})"))
    return found


def _width(shape: list[int | None] | None, otherwise: int) -> int | None:
    """Return the columns of a tensor of rows, None where it is none: attention has more axes, a step of it fewer."""
    if shape is None:
        return otherwise
    if len(shape) not in (1, 2) or shape[0] is not None:
        return None
    return 1 if len(shape) == 1 else shape[1] or otherwise


def nodes_from_output(frozen: Frozen) -> Iterator[Any]:
    """Yield the nodes that the output is made of, the nearest first, each once."""
    queue, seen = deque([node_name(frozen.output)]), set[str]()
    while queue:
        name = queue.popleft()
        if name not in seen:
            seen.add(name)
            yield frozen.nodes[name]
            queue.extend(node_name(tensor) for tensor in data_inputs(frozen.nodes[name]))


def match_scores(logits: np.ndarray, expected: np.ndarray, dtype: str) -> ScoreMatch | None:
    """Tell whether the model's scores follow from logits, which is believed if they are equal or ordered alike.

    Args:
        logits: ``(rows, classes)``, or ``(rows, 1)`` for the log-odds of the second of two classes.
        expected: what the uncut model says of the same rows: probabilities ``(rows, classes)``, or ``(rows, 1)``
            of a regression.
        dtype: the name of the type that the logits were computed in.
    """
    step = _STEPS.get(dtype, _STEP)
    if expected.shape[1] == 1:
        same = logits.shape == expected.shape and np.allclose(logits, expected, _REGRESSED, _REGRESSED)
        return ScoreMatch(1, 0.0, True) if same else None
    if expected.shape[1] == 2 and logits.shape[1] <= 2:
        odds = logits[:, :1] if logits.shape[1] == 1 else logits[:, 1:] - logits[:, :1]
        ways = ((sign, expit(sign * odds)) for sign in (1, -1))
        found = (_compared(sign, scores, expected[:, 1:], step) for sign, scores in ways)
        return next((way for way in found if way), None)
    if logits.shape != expected.shape:
        return None
    return _compared(1, softmax(logits, axis=1), expected, step)


def _compared(sign: int, scores: np.ndarray, expected: np.ndarray, step: float) -> ScoreMatch | None:
    """Compare what the logits would score with what the model does: as equal, or as ordered alike in each column."""
    difference = float(np.abs(scores - expected).max())
    found = ScoreMatch(sign, difference, difference <= step)
    pairs = list(zip(scores.T, expected.T, strict=True))
    rises = (
        all(_rises(*pair, step) for pair in pairs)
        and sum(_orders(*pair, step) for pair in pairs) >= MIN_LOG_ORDERS
    )
    return found if found.equal or rises else None


def _rises(cause: np.ndarray, effect: np.ndarray, step: float) -> bool:
    """Tell whether ``effect`` never falls as ``cause`` rises, and is the same where that is the same."""
    order = np.lexsort((-effect, cause))  # among equal causes the greatest effect first: any other is a fall
    ranked = effect[order]
    return bool((np.maximum.accumulate(ranked) - ranked <= step).all())


def _orders(cause: np.ndarray, effect: np.ndarray, step: float) -> float:
    """Return the logarithm of the number of orders in which these effects might have come."""
    distinct = np.unique(cause, return_index=True)[1]
    counts = np.unique(np.rint(effect[distinct] / step), return_counts=True)[1]
    return log_orders(counts)


def log_orders(counts: np.ndarray) -> float:
    """Return the logarithm of how many orders rows can have of which so many are alike each."""
    return float(gammaln(counts.sum() + 1) - gammaln(counts + 1).sum())
