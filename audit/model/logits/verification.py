"""Verification of a logit candidate: whether the model's scores of sample rows follow from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from audit.execution.plan import row_ranges
from audit.frameworks.tensorflow_loader import graph as traced
from audit.frameworks.tensorflow_loader import tensorflow
from audit.inputs.features import Column
from audit.inputs.feeds import Feed
from audit.machine_errors import raise_if_of_memory
from audit.model.graph.frozen import Frozen
from audit.model.graph.row_width import rows_of_call
from audit.model.logits.candidates import LogitCandidate, ScoreMatch, match_scores
from audit.model.logits.encoder import EncodedSubgraph
from audit.model.logits.log_odds import as_columns, by_class

_LOGIT_TOLERANCE = 1e-5  # relative and absolute, of logits of two subgraphs
_MIN_COMPARED_SHARE = 0.9  # of the rows: logits may overflow in a few of them


@dataclass(frozen=True)
class VerifiedLogits:
    """Logits from which the model's scores follow.

    ``finish`` maps what the subgraph computes to class logits or a regression's value; ``values`` are those of the
    sample, in the form that the subgraph computes.
    """

    subgraph: EncodedSubgraph
    finish: Callable[[Any], Any]
    values: np.ndarray
    match: ScoreMatch
    evidence: str

    def graph(self, encoded: Any) -> Any:
        """Return the class logits or values of an encoded matrix; to be called inside a `tf.function`."""
        return self.finish(self.subgraph(encoded))

    def near(self, matrix: Any, movable: np.ndarray) -> Callable[[Any], Any]:
        """Return them as a function of rows near those of a matrix, as `EncodedSubgraph.near` does."""
        target = self.subgraph.near(matrix, movable)
        return lambda rows: self.finish(target(rows))


@dataclass(frozen=True)
class LogitVerifier:
    """Computes a candidate's logits by a subgraph and compares them with the model's scores of a sample.

    ``sample`` are rows ``(rows, columns)`` in ``columns``, made of ``feeds``; ``expected`` are their probabilities
    ``(rows, classes)``, or a regression's values ``(rows, 1)``. ``matcher`` returns how the latter follow from logits
    in a type of that name, if they do. ``straight`` lets gradients pass steps and stops. Rows whose logits are not
    finite are not compared; ``undefined`` collects the candidates that have too many of them.
    """

    frozen: Frozen
    feeds: Sequence[Feed]
    columns: Sequence[Column]
    sample: np.ndarray
    expected: np.ndarray
    matcher: Callable[[np.ndarray, np.ndarray, str], ScoreMatch | None] = match_scores
    straight: bool = False
    undefined: list[LogitCandidate] = field(default_factory=list)

    def __call__(
        self, candidate: LogitCandidate, transform: Callable[[Any], Any] = lambda z: z
    ) -> VerifiedLogits | None:
        """Return the logits ``transform(candidate)``, None if the scores do not follow from them.

        They are computed from encoded text columns, if that gives the same.
        """
        encoded = self._verify(candidate, transform, behind_texts=True)
        if encoded is not None and (encoded.match.equal or not encoded.subgraph.tables):
            return encoded
        plain = self._verify(candidate, transform, behind_texts=False)
        tolerance = _LOGIT_TOLERANCE
        if encoded and plain and np.allclose(encoded.values, plain.values, tolerance, tolerance):
            return encoded
        return plain

    def _verify(
        self, candidate: LogitCandidate, transform: Callable[[Any], Any], behind_texts: bool
    ) -> VerifiedLogits | None:
        try:
            subgraph = EncodedSubgraph(
                self.frozen, candidate.tensor, self.feeds, self.columns, behind_texts, self.straight
            )
            return self._match(subgraph, candidate, transform)
        except (ValueError, tensorflow().errors.OpError) as error:  # the subgraph lacks what it needs
            raise_if_of_memory(error)
            return None

    def _match(
        self, subgraph: EncodedSubgraph, candidate: LogitCandidate, transform: Callable[[Any], Any]
    ) -> VerifiedLogits | None:
        def columns(target: Any) -> Any:
            return transform(as_columns(target, candidate.width))

        tf = tensorflow()
        spec = tf.TensorSpec([None, self.sample.shape[1]], self.sample.dtype)  # as it is called later
        compiled = traced(lambda rows: columns(subgraph(subgraph.encode(rows))), [spec])
        parts = row_ranges(len(self.sample), rows_of_call(subgraph.widest))
        values = np.concatenate([compiled(self.sample[part.slice]).numpy() for part in parts]).astype(float)
        if len(values) != len(self.sample):
            return None
        finite = np.isfinite(values).all(1)
        if finite.mean() < _MIN_COMPARED_SHARE:
            self.undefined.append(candidate)
            return None
        match = self.matcher(values[finite], self.expected[finite], self.frozen.dtype(candidate.tensor))
        if match is None:
            return None
        evidence = candidate.evidence + _difference(match) + _texts(subgraph) + _uncompared(finite)
        regression = self.expected.shape[1] == 1
        finish = columns if regression else lambda target: by_class(columns(target), match.sign)
        return VerifiedLogits(subgraph, finish, values, match, evidence)


def _difference(match: ScoreMatch) -> str:
    if match.equal:
        return ""
    return f"; operations between it and the scores, which change them by up to {match.difference:.2g}, are left out"


def _uncompared(finite: np.ndarray) -> str:
    rows = int((~finite).sum())
    return (
        f"; compared on {int(finite.sum()):,} rows, since it is not finite in {rows:,} others" if rows else ""
    )


def _texts(subgraph: EncodedSubgraph) -> str:
    unencoded = subgraph.left_as_text
    return f"; texts go through the graph: {', '.join(unencoded)}" if unencoded else ""
