"""Surrogate logits: a gradient for attacks where the model's own logits are flat."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audit.execution.plan import row_ranges
from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.inputs.features import Column
from audit.inputs.feeds import Feed
from audit.inputs.matrix import Decoder
from audit.machine_errors import raise_if_of_memory
from audit.model.decision import DecisionRule, tie
from audit.model.graph.frozen import Frozen
from audit.model.graph.row_width import rows_of_call
from audit.model.graph.straight_through import has_steps
from audit.model.graph.traversal import node_name
from audit.model.head import Head
from audit.model.logits.candidates import LogitCandidate, ScoreMatch, logit_candidates, output_candidate
from audit.model.logits.decision_points import decision_inputs, match_scores_or_decisions
from audit.model.logits.log_odds import by_class, from_scores
from audit.model.logits.logits import confirmation_rows
from audit.model.logits.verification import LogitVerifier, VerifiedLogits
from audit.model.model import Model

_PROBED_ROWS = 64


def flat_share(logits: Callable[[Any], Any], rows: np.ndarray, at_once: int = _PROBED_ROWS) -> float:
    """Return the share, from 0 to 1, of ``rows`` ``(rows, columns)`` at which logits are locally flat.

    Flat is a row with a zero or undefined gradient, or with the same logits as another row: those of a plateau. It is
    1 if an operation has no gradient at all. ``logits`` are traceable by TensorFlow, and may be a regression's value;
    they are computed of up to ``at_once`` rows at a time.
    """
    tf = tensorflow()

    def with_gradient(x: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            values = logits(x)
            best = tf.math.top_k(values, min(2, values.shape[1])).values
            margin = best[:, 0] - best[:, 1] if values.shape[1] > 1 else best[:, 0]
        return values, tape.gradient(margin, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    try:
        compiled = graph(with_gradient)
        parts = [compiled(tf.constant(rows[part.slice])) for part in row_ranges(len(rows), at_once)]
        values, gradient = (np.concatenate(tensors) for tensors in zip(*parts, strict=True))
    except (LookupError, NotImplementedError, tf.errors.OpError) as error:  # an operation has none
        raise_if_of_memory(error)
        return 1.0
    _, group, counts = np.unique(values, axis=0, return_inverse=True, return_counts=True)
    without = ~(np.isfinite(gradient) & (gradient != 0)).any(1)
    return float((without | (counts[group.reshape(-1)] > 1)).mean())


@dataclass(frozen=True, eq=False)
class SurrogateLogits:
    """Class logits, or a regression's value, of a matrix of features, with straight-through gradients.

    ``exact`` says that they decide as the model does on verified rows, ``has_steps`` that the graph has steps or stops,
    which gradients pass; ``evidence`` is their place in words, ``widest`` as for `Logits`. Whether a row flips is
    decided by the model. ``rebuild`` makes them again in another process, which cannot have their graph.
    """

    logits: Callable[[Any], Any]
    widest: int
    evidence: str
    exact: bool
    has_steps: bool
    rebuild: "Callable[[], SurrogateLogits] | None" = None

    def __reduce__(self) -> "tuple[Callable[[], SurrogateLogits], tuple[()]]":
        if self.rebuild is None:
            raise TypeError("logits that another process cannot make again")
        return self.rebuild, ()

    def __call__(self, matrix: Any) -> Any:
        """Return the logits of a matrix of features; to be called inside a `tf.function`."""
        return self.logits(matrix)


def find_surrogate(
    model: Model, decider: DecisionRule, feeds: Sequence[Feed], columns: Sequence[Column], sample: np.ndarray
) -> SurrogateLogits | None:
    """Return logits that decide as the model does; None if its graph offers none.

    Of several, those that are flat at the fewest rows (`flat_share`), and of these the ones computed from the fewest
    nodes: the inputs of a decision come before it, and what a defence adds comes later.

    They are verified on rows of ``sample``, a matrix of ``columns``, and on as many that mix their values.
    """
    head = decider.head
    frozen = model.frozen
    if frozen is None:
        return None
    rows, scores = confirmation_rows(model, head, Decoder(feeds, columns), sample)

    def matcher(logits: np.ndarray, expected: np.ndarray, dtype: str) -> ScoreMatch | None:
        return match_scores_or_decisions(logits, expected, dtype, _decisions(frozen, decider, expected))

    verify = LogitVerifier(frozen, feeds, columns, rows, scores, matcher, straight=True)
    steps = has_steps(frozen.nodes)

    def surrogate(logits: VerifiedLogits, exact: bool) -> SurrogateLogits:
        evidence = logits.evidence + "; with straight-through gradients at its step functions" * steps
        matrix_logits = _of_matrix(logits, decider)
        return SurrogateLogits(matrix_logits, logits.subgraph.widest, evidence, exact, steps)

    verified = [(c, surrogate(logits, True)) for c in _candidates(frozen, head) if (logits := verify(c))]
    if verified:
        probed = rows[:: -(-len(rows) // _PROBED_ROWS)]
        flat = [flat_share(logits.logits, probed, rows_of_call(logits.widest)) for _, logits in verified]
        nodes = [len(frozen.ancestors(node_name(candidate.tensor))) for candidate, _ in verified]
        ranks = list(zip(flat, nodes, strict=True))
        return verified[ranks.index(min(ranks))][1]
    lossy = verify(replace(output_candidate(frozen, head), evidence="the scores"), from_scores)
    return surrogate(lossy, False) if lossy else None


def _candidates(frozen: Frozen, head: Head) -> list[LogitCandidate]:
    """Return the tensors that may decide: of two classes one column of log-odds as well as two of logits."""
    widths = {1} if head.kind == "regression" else {1, 2} if head.width < 3 else {head.width}
    squashed = [candidate for candidate in logit_candidates(frozen, head) if candidate.width in widths]
    candidates = [
        *([output_candidate(frozen, head)] if head.is_linear else []),
        *squashed,
        *decision_inputs(frozen, widths),
    ]
    return list({candidate.tensor: candidate for candidate in reversed(candidates)}.values())[::-1]


def _decisions(frozen: Frozen, decider: DecisionRule, scores: np.ndarray) -> np.ndarray:
    """Return the class decided on for each row of verified scores."""
    dtype = np.dtype(tensorflow().as_dtype(frozen.dtype(frozen.output)).as_numpy_dtype)
    if decider.head.kind == "regression":
        return decider.decide(scores.astype(dtype)).classes
    return decider.outcome(scores, dtype).classes


def _of_matrix(verified: VerifiedLogits, decider: DecisionRule) -> Callable[[Any], Any]:
    """Return verified logits as a function of a matrix, shifted to the model's decision boundary if need be."""
    sign = verified.match.sign
    boundary = verified.match.boundary

    def logits(matrix: Any) -> Any:
        raw = verified.graph(verified.subgraph.encode(matrix))
        if boundary is None:
            return raw
        if decider.head.kind == "regression":
            return sign * raw - boundary + (decider.at_least or 0.0)
        return by_class(raw[:, 1:] - raw[:, :1] - boundary + tie(decider), 1)

    return logits
