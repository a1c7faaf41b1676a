"""Candidates for the logits of a model (inputs of sigmoid or softmax), and their match with its scores on data."""

import re
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from scipy.special import expit, gammaln, softmax

from audit.model.graph.frozen import Frozen
from audit.model.graph.traversal import CALLS, data_inputs, node_name
from audit.model.head import Head

_CALL = re.compile(rf"({'|'.join(CALLS)})(_\d+)?")
_SQUASHING = frozenset({"Sigmoid", "Softmax", "LogSoftmax"})
_MAX_CANDIDATES = 8  # a recurrent network has many gates: the head is near the output
_SCORE_TOLERANCES = {
    "float16": 2.0**-10,
    "bfloat16": 2.0**-7,
}  # what the sigmoids of these types are out of order by
_SCORE_TOLERANCE = 1e-5  # scores of a subgraph differ in the last digit
_VALUE_TOLERANCE = 1e-4  # of a regression's value, relative and absolute
MIN_LOG_ORDERS = np.log(1e6)  # an order that one gate in a million has by chance is no chance


@dataclass(frozen=True)
class LogitCandidate:
    """A tensor of ``width`` columns that may be the logits, and its place in words."""

    tensor: str
    width: int
    evidence: str


@dataclass(frozen=True)
class ScoreMatch:
    """How scores follow from logits: rising (``sign`` 1) or falling (-1).

    ``difference`` is the largest one between the scores and the sigmoid or softmax of the logits, and ``equal`` says
    whether it is only rounding: nothing else is between them. ``boundary`` is the value, times ``sign``, at which the
    decision changes; None where it is that of the scores.
    """

    sign: int
    difference: float
    equal: bool
    boundary: float | None = None


def logit_candidates(frozen: Frozen, head: Head) -> list[LogitCandidate]:
    """Return the inputs of the sigmoids and softmaxes that the output is computed from, the nearest first."""
    return list(islice(operation_inputs(frozen, _SQUASHING, head.width), _MAX_CANDIDATES))


def head_candidates(frozen: Frozen, head: Head) -> list[LogitCandidate]:
    """Return the candidates for the exact logits: the output itself if its head is linear."""
    return [output_candidate(frozen, head)] if head.is_linear else logit_candidates(frozen, head)


def output_candidate(frozen: Frozen, head: Head) -> LogitCandidate:
    """Return the model's output as a candidate."""
    return LogitCandidate(frozen.output, head.width, "the model's output")


def operation_inputs(
    frozen: Frozen, operations: Collection[str], default_width: int
) -> Iterator[LogitCandidate]:
    """Yield the inputs of such operations, if they have rows, from the nearest to the output on.

    A tensor of unknown shape is taken to have ``default_width`` columns.
    """
    for node in nodes_from_output(frozen):
        if node.op in operations:
            for tensor in data_inputs(node):
                if width := _width(frozen.shape(tensor), default_width):
                    yield LogitCandidate(
                        tensor, width, f"the input of {node.op} ({_without_calls(node.name)})"
                    )


def _without_calls(name: str) -> str:
    """Return the name of an operation without those of the functions that exporters wrap a model into."""
    return "/".join(part for part in name.split("/") if not _CALL.fullmatch(part)) or name


def _width(shape: list[int | None] | None, default: int) -> int | None:
    """Return the columns of a tensor of rows, None if it has none: attention has more axes, a step of it fewer."""
    if shape is None:
        return default
    if len(shape) not in (1, 2) or shape[0] is not None:
        return None
    return 1 if len(shape) == 1 else shape[1] or default


def nodes_from_output(frozen: Frozen) -> Iterator[Any]:
    """Yield the nodes that the output is computed from, the nearest first, each once."""
    queue = deque([node_name(frozen.output)])
    seen: set[str] = set()
    while queue:
        name = queue.popleft()
        if name not in seen:
            seen.add(name)
            yield frozen.nodes[name]
            queue.extend(node_name(tensor) for tensor in data_inputs(frozen.nodes[name]))


def match_scores(logits: np.ndarray, expected: np.ndarray, dtype: str) -> ScoreMatch | None:
    """Return how the model's scores follow from logits, None unless they are equal or in the same order.

    Args:
        logits: ``(rows, classes)``, or ``(rows, 1)`` for the log-odds of the second of two classes.
        expected: the model's probabilities of the same rows ``(rows, classes)``, or the values ``(rows, 1)`` of a
            regression.
        dtype: name of the type that the logits were computed in.
    """
    tolerance = _SCORE_TOLERANCES.get(dtype, _SCORE_TOLERANCE)
    if expected.shape[1] == 1:
        tolerance = _VALUE_TOLERANCE
        same = logits.shape == expected.shape and np.allclose(logits, expected, tolerance, tolerance)
        return ScoreMatch(1, 0.0, True) if same else None
    if expected.shape[1] == 2 and logits.shape[1] <= 2:
        odds = logits[:, :1] if logits.shape[1] == 1 else logits[:, 1:] - logits[:, :1]
        matches = (_compare(sign, expit(sign * odds), expected[:, 1:], tolerance) for sign in (1, -1))
        return next(filter(None, matches), None)
    if logits.shape != expected.shape:
        return None
    return _compare(1, softmax(logits, axis=1), expected, tolerance)


def _compare(sign: int, scores: np.ndarray, expected: np.ndarray, tolerance: float) -> ScoreMatch | None:
    """Return the match of scores made of the logits with the model's: equal, or in the same order in each column."""
    difference = float(np.abs(scores - expected).max())
    match = ScoreMatch(sign, difference, difference <= tolerance)
    pairs = list(zip(scores.T, expected.T, strict=True))
    in_order = all(rises(*pair, tolerance) for pair in pairs)
    if match.equal or (in_order and sum(_log_orders(*pair, tolerance) for pair in pairs) >= MIN_LOG_ORDERS):
        return match
    return None


def rises(cause: np.ndarray, effect: np.ndarray, tolerance: float) -> bool:
    """Return whether ``effect`` never falls as ``cause`` rises, and is equal where that is."""
    order = np.lexsort((-effect, cause))  # among equal causes the greatest effect first: any other is a fall
    ranked = effect[order]
    return bool((np.maximum.accumulate(ranked) - ranked <= tolerance).all())


def _log_orders(cause: np.ndarray, effect: np.ndarray, tolerance: float) -> float:
    """Return the logarithm of the number of orders that these effects could have had."""
    distinct = np.unique(cause, return_index=True)[1]
    counts = np.unique(np.rint(effect[distinct] / tolerance), return_counts=True)[1]
    return log_orders(counts)


def log_orders(counts: np.ndarray) -> float:
    """Return the logarithm of the number of orders of rows, of which these numbers are equal each."""
    return float(gammaln(counts.sum() + 1) - gammaln(counts + 1).sum())
