"""Tries a cut: is what it computes on real rows what the uncut model says of them?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.frameworks.tensorflow_loader import graph as traced
from audit.frameworks.tensorflow_loader import tensorflow
from audit.inputs.features import Column
from audit.inputs.feeds import Feed
from audit.model.graph.frozen import Frozen
from audit.model.logits.candidates import LogitCandidate, ScoreMatch, match_scores
from audit.model.logits.encoder import EncodedSubgraph
from audit.model.logits.log_odds import by_class

_SAME = 1e-5  # relative and absolute, of logits of two cuts

ScoreMatcher = Callable[[np.ndarray, np.ndarray, str], ScoreMatch | None]


@dataclass(frozen=True)
class VerifiedLogits:
    """A cut that agrees with the model.

    ``graph`` maps the encoded matrix to class logits or a regression's value; ``seen`` is what the cut computed on
    the sample.
    """

    encoded: EncodedSubgraph
    graph: Callable[[Any], Any]
    seen: np.ndarray
    match: ScoreMatch
    evidence: str


class LogitVerifier:
    """Cuts the frozen graph at a target and compares it with the uncut model on a sample.

    Args:
        frozen: the model's graph.
        feeds: what the signature's inputs are made of.
        columns: the columns of ``sample``.
        sample: rows ``(rows, columns)``.
        expected: what the uncut model says of them: probabilities ``(rows, classes)``, or a regression's ``(rows, 1)``.
        believe: tells from what a cut computed, ``expected`` and the type's name whether one follows from the other.
        straight: whether gradients pass the steps and stops of a cut.
    """

    def __init__(
        self,
        frozen: Frozen,
        feeds: Sequence[Feed],
        columns: Sequence[Column],
        sample: np.ndarray,
        expected: np.ndarray,
        believe: ScoreMatcher = match_scores,
        straight: bool = False,
    ) -> None:
        self._frozen, self._feeds, self._columns = frozen, feeds, columns
        self._believe, self._straight = believe, straight
        self._sample, self._expected = sample, expected

    def __call__(
        self, target: LogitCandidate, into: Callable[[Any], Any] = lambda z: z
    ) -> VerifiedLogits | None:
        """Return the cut at ``target``, seen through ``into``; behind the text columns if that computes the same."""
        behind = self._cut(target, into, behind_texts=True)
        if behind is not None and (behind.match.equal or not behind.encoded.has_tables):
            return behind
        whole = self._cut(target, into, behind_texts=False)
        same = whole and behind and np.allclose(behind.seen, whole.seen, _SAME, _SAME)
        return behind if same else whole

    def _cut(
        self, target: LogitCandidate, into: Callable[[Any], Any], behind_texts: bool
    ) -> VerifiedLogits | None:
        try:
            encoded = EncodedSubgraph(
                self._frozen, target.tensor, self._feeds, self._columns, behind_texts, self._straight
            )
            return self._compared(encoded, target, into)
        except (ValueError, tensorflow().errors.OpError):  # the cut left out what it needs
            return None

    def _compared(
        self, encoded: EncodedSubgraph, target: LogitCandidate, into: Callable[[Any], Any]
    ) -> VerifiedLogits | None:
        def graph(rows: Any) -> Any:
            return into(_wide(encoded(rows), target.width))

        tf = tensorflow()
        rows = tf.TensorSpec([None, self._sample.shape[1]], self._sample.dtype)  # as it is called later
        seen = traced(lambda rows: graph(encoded.encode(rows)), [rows])(self._sample).numpy().astype(float)
        if len(seen) != len(self._sample) or not np.isfinite(seen).all():
            return None
        agrees = self._believe(seen, self._expected, self._frozen.dtype(target.tensor))
        if agrees is None:
            return None
        evidence = target.evidence + _tail(agrees) + _left(encoded)
        regression = self._expected.shape[1] == 1
        by_classes = graph if regression else lambda rows: by_class(graph(rows), agrees.sign)
        return VerifiedLogits(encoded, by_classes, seen, agrees, evidence)


def _wide(tensor: Any, width: int) -> Any:
    """Return the tensor as ``(rows, width)``, float32 or float64."""
    tf = tensorflow()
    exact = tensor if tensor.dtype in (tf.float32, tf.float64) else tf.cast(tensor, tf.float32)
    return tf.reshape(exact, [-1, width])


def _tail(found: ScoreMatch) -> str:
    if found.equal:
        return ""
    return (
        f"; the scores follow it, but what lies between changes them by up to {found.difference:.2g} against "
        "its sigmoid or softmax, and is left out"
    )


def _left(encoded: EncodedSubgraph) -> str:
    left = encoded.left_as_text
    return f"; texts go through the graph: {', '.join(left)}" if left else ""
