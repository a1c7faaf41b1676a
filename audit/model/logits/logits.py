"""The true logits of a model, differentiable: read in the graph below its head, confirmed on data.

On a confident model scores are 0 or 1 to the last digit, and a gradient through them is zero: an attack on them
finds nothing and reports the clean accuracy. The logits below the head keep what the scores lose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow
from audit.inputs.features import Column
from audit.inputs.feeds import Feed
from audit.inputs.matrix import Decoder
from audit.model.head import Head
from audit.model.logits.candidates import LogitCandidate, logit_candidates
from audit.model.logits.log_odds import LOST, by_class, from_scores
from audit.model.logits.verification import LogitVerifier, VerifiedLogits
from audit.model.model import Model

CONFIRMED_ROWS = 2048

_UNKNOWN = 1024  # numbers that a graph which is not cut may hold for a row


@dataclass(frozen=True, eq=False)
class Logits:
    """Class logits as a function of an encoded matrix.

    ``graph(encoded)`` gives ``(rows, classes)``, float32 or float64, or ``(rows, 1)``: the value of a regression.
    ``encode`` makes the encoded matrix, whose numbers belong to the columns ``players``. ``widest`` is the
    most numbers that the graph holds at once for a row. ``evidence`` says in words where the logits come from, and
    ``exact`` is False where they had to be computed from the scores.
    """

    graph: Callable[[Any], Any]
    encode: Callable[[Any], Any]
    players: np.ndarray
    widest: int
    evidence: str
    exact: bool

    def __call__(self, matrix: Any) -> Any:
        """Return the logits of a matrix that is not encoded; to be called inside a `tf.function`."""
        return self.graph(self.encode(matrix))


def find_logits(
    model: Model, head: Head, feeds: Sequence[Feed], columns: Sequence[Column], sample: np.ndarray
) -> Logits:
    """Return the logits that are nearest to the truth, of those that agree with the model on ``sample``.

    In this order: below the head, computed from the scores of the cut graph, by the whole signature; the former
    two behind the text columns where the graph can be cut there.

    Args:
        model: the uncut model.
        head: its detected head.
        feeds: what its inputs are made of.
        columns: the columns of ``sample``.
        sample: rows ``(rows, columns)`` on which the cut graph is confirmed, and as many that mix their values.
    """
    decoder = Decoder(feeds, columns)
    sample, expected = confirmation_rows(model, head, decoder, sample)
    frozen = model.frozen
    if frozen is None:  # its scores are left
        return _through_signature(model, head, decoder, columns)
    trial = LogitVerifier(frozen, feeds, columns, sample, expected)
    plain = LogitCandidate(frozen.output, head.width, "the model's output")
    linear = head.kind in ("logits", "regression")
    exact = _best(trial, [plain] if linear else logit_candidates(frozen, head.width))
    found = exact if exact or linear else trial(replace(plain, evidence=LOST), from_scores)
    if found is None:
        return _through_signature(model, head, decoder, columns)
    encoded = found.encoded
    return Logits(
        found.graph, encoded.encode, encoded.players, encoded.widest, found.evidence, exact is not None
    )


def confirmation_rows(
    model: Model, head: Head, decoder: Decoder, sample: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows to confirm a cut on, of all of ``sample``, and what the uncut model says of them.

    Beside the sample they are rows that mix its values, as attribution does: a graph may hold another sigmoid that
    agrees with the scores wherever columns go together as they do in the data.
    """
    sample = sample[:: -(-len(sample) // CONFIRMED_ROWS)]  # of the whole file, which may be sorted

    def scores(rows: np.ndarray) -> np.ndarray:
        raw = model(decoder(tensorflow().constant(rows)))
        return raw.astype(np.float64) if head.kind == "regression" else head.probabilities(raw)

    mixed = np.random.default_rng(0).permuted(sample, axis=0)
    try:
        return np.concatenate([sample, mixed]), np.concatenate([scores(sample), scores(mixed)])
    except AuditError:  # the model has no scores for such rows
        return sample, scores(sample)


def _best(trial: LogitVerifier, targets: Sequence[LogitCandidate]) -> VerifiedLogits | None:
    """Return the first cut that the scores equal, else the first that they follow."""
    following = None
    for target in targets:
        found = trial(target)
        if found and found.match.equal:
            return found
        following = following or found
    return following


def _through_signature(model: Model, head: Head, decoder: Decoder, columns: Sequence[Column]) -> Logits:
    """Return the logits by the whole signature, as it is called for scores."""
    exact = head.kind in ("logits", "regression")

    def graph(rows: Any) -> Any:
        tf = tensorflow()
        scores = model.outputs(decoder(rows))
        wide = tf.reshape(tf.cast(scores, rows.dtype), [-1, model.width])
        if head.kind == "regression":
            return wide
        return by_class(wide if exact else from_scores(wide), 1)

    evidence = "the model's output, through the whole signature" if exact else LOST
    players = np.repeat(np.arange(len(columns)), [column.width for column in columns])
    return Logits(graph, lambda rows: rows, players, max(_UNKNOWN, len(players)), evidence, exact)
