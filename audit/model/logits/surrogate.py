"""Logits that give attacks a direction where the model's own give none: below what decides, and past what is flat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.inputs.features import Column
from audit.inputs.feeds import Feed
from audit.inputs.matrix import Decoder
from audit.model.decision import DecisionRule, tie
from audit.model.graph.frozen import Frozen
from audit.model.graph.straight_through import has_steps
from audit.model.graph.traversal import node_name
from audit.model.head import Head
from audit.model.logits.candidates import LogitCandidate, logit_candidates
from audit.model.logits.decision_points import decision_inputs, match_scores_or_decisions
from audit.model.logits.log_odds import by_class, from_scores
from audit.model.logits.logits import confirmation_rows
from audit.model.logits.verification import LogitVerifier, VerifiedLogits
from audit.model.model import Model


def flat_share(logits: Callable[[Any], Any], rows: np.ndarray) -> float:
    """Return the share of the rows without a gradient, or with the very logits of another row: a plateau's.

    Args:
        logits: class logits, or a regression's value, of a matrix; traceable by TensorFlow.
        rows: a matrix ``(rows, columns)``.

    Returns:
        From 0 to 1; 1 where an operation has no gradient at all.
    """
    tf = tensorflow()

    def computed(x: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            found = logits(x)
            best = tf.math.top_k(found, min(2, found.shape[1])).values
            margin = best[:, 0] - best[:, 1] if found.shape[1] > 1 else best[:, 0]
        return found, tape.gradient(margin, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    try:
        found, gradient = (tensor.numpy() for tensor in graph(computed)(tf.constant(rows)))
    except (LookupError, NotImplementedError, tf.errors.OpError):  # an operation has none
        return 1.0
    _, place, count = np.unique(found, axis=0, return_inverse=True, return_counts=True)
    without = ~(np.isfinite(gradient) & (gradient != 0)).any(1)
    return float((without | (count[place.reshape(-1)] > 1)).mean())


_PROBED = 64
_PAST = "; gradients pass its steps and stops"


@dataclass(frozen=True, eq=False)
class SurrogateLogits:
    """Class logits, or a regression's value, of a matrix of features, with gradients that pass steps and stops.

    ``exact`` says that their values were confirmed to decide as the uncut model does, ``past`` that the graph has steps
    or stops, and ``evidence`` in words what they are. What they flip is for the uncut model to say.
    """

    logits: Callable[[Any], Any]
    evidence: str
    exact: bool
    past: bool


def find_surrogate(
    model: Model, decider: DecisionRule, feeds: Sequence[Feed], columns: Sequence[Column], sample: np.ndarray
) -> SurrogateLogits | None:
    """Return logits that decide as the model does; None where there is nothing to gain.

    Of several those that say something of most rows (`flat_share`), and of these the ones that least goes into: what
    decides is computed from them, and a mask adds what it adds later.

    Args:
        model: the uncut model.
        decider: how its outputs become decisions.
        feeds: what its inputs are made of.
        columns: the columns of ``sample``.
        sample: rows ``(rows, columns)`` on which a cut is confirmed, and as many that mix their values.
    """
    head = decider.head
    frozen = model.frozen
    if frozen is None:
        return None
    sample, expected = confirmation_rows(model, head, Decoder(feeds, columns), sample)
    believe = partial(match_scores_or_decisions, decided=_decided(frozen, decider, expected))
    trial = LogitVerifier(frozen, feeds, columns, sample, expected, believe=believe, straight=True)
    output, past = LogitCandidate(frozen.output, head.width, "the model's output"), has_steps(frozen.nodes)
    confirmed = [
        (target, SurrogateLogits(_of(found, decider), found.evidence + _PAST * past, True, past))
        for target in _targets(frozen, head, output)
        if (found := trial(target))
    ]
    if confirmed:
        some = sample[:: -(-len(sample) // _PROBED)]
        says = [
            (flat_share(one.logits, some), len(frozen.ancestors(node_name(at.tensor))))
            for at, one in confirmed
        ]
        return confirmed[says.index(min(says))][1]
    lost = trial(replace(output, evidence="the scores"), from_scores)
    return SurrogateLogits(_of(lost, decider), lost.evidence + _PAST * past, False, past) if lost else None


def _targets(frozen: Frozen, head: Head, output: LogitCandidate) -> list[LogitCandidate]:
    """Return what may decide: of two classes one column of log-odds as well as two of logits."""
    linear = head.kind in ("logits", "regression")
    widths = {1} if head.kind == "regression" else {1, 2} if head.width < 3 else {head.width}
    squashed = [target for target in logit_candidates(frozen, head.width) if target.width in widths]
    targets = [*([output] if linear else []), *squashed, *decision_inputs(frozen, widths)]
    return list({target.tensor: target for target in reversed(targets)}.values())[::-1]


def _decided(frozen: Frozen, decider: DecisionRule, expected: np.ndarray) -> np.ndarray:
    kind = np.dtype(tensorflow().as_dtype(frozen.dtype(frozen.output)).as_numpy_dtype)
    if decider.head.kind == "regression":
        return decider.decide(expected.astype(kind))[1]
    return decider.outcome(expected, kind)[1]


def _of(found: VerifiedLogits, decider: DecisionRule) -> Callable[[Any], Any]:
    """Return the logits of a cut as a function of the matrix: shifted, if need be, to where the decision changes."""
    sign, border = found.match.sign, found.match.border

    def logits(matrix: Any) -> Any:
        raw = found.graph(found.encoded.encode(matrix))
        if border is None:
            return raw
        if decider.head.kind == "regression":
            return sign * raw - border + (decider.at_least or 0.0)
        return by_class(raw[:, 1:] - raw[:, :1] - border + tie(decider), 1)

    return logits
