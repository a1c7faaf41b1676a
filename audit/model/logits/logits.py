"""The logits of a model, differentiable: the input of its sigmoid or softmax, verified on data.

A confident model's scores are 0 or 1 to the last digit, and a gradient through them is zero: an attack on them finds
nothing and reports the clean accuracy. Logits keep what the scores lose.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from audit.errors import AuditError, MachineFault
from audit.frameworks.tensorflow_loader import tensorflow
from audit.inputs.features import Column
from audit.inputs.feeds import Feed
from audit.inputs.matrix import Decoder
from audit.model.graph.row_width import RowWidth
from audit.model.head import Head
from audit.model.logits.candidates import LogitCandidate, head_candidates, output_candidate
from audit.model.logits.log_odds import LOST, by_class, from_scores, lost
from audit.model.logits.verification import LogitVerifier, VerifiedLogits
from audit.model.model import Model

CONFIRMED_ROWS = 2048
_CONFIRMED_NUMBERS = 2**24
_MIN_CONFIRMED_ROWS = 64
"""Of images, as many rows as have so many numbers: a deep network takes a minute for a thousand."""

_ASSUMED_WIDTH = 1024  # numbers that the whole signature may hold for a row


@dataclass(frozen=True, eq=False)
class Logits:
    """Class logits as a function of an encoded matrix.

    ``graph(encoded)`` returns ``(rows, classes)``, float32 or float64, or ``(rows, 1)``: the value of a regression.
    ``near(matrix, movable)`` returns them as a function of rows that are those of a matrix of features but for movable
    columns: it takes a fraction of the time where few columns are. ``encode`` makes the encoded matrix, whose numbers
    belong to the columns ``players``. ``widest`` is the largest count of numbers that the graph holds at once for a
    row. ``evidence`` says in words where the logits come from, and ``exact`` is False if they had to be computed from
    the scores. ``rebuild`` makes them again in another process, which cannot have their graph.
    """

    graph: Callable[[Any], Any]
    near: Callable[[Any, np.ndarray], Callable[[Any], Any]]
    encode: Callable[[Any], Any]
    players: np.ndarray
    widest: int
    evidence: str
    exact: bool
    rebuild: Callable[[], "Logits"] | None = None

    def __reduce__(self) -> "tuple[Callable[[], Logits], tuple[()]]":
        if self.rebuild is None:
            raise TypeError("logits that another process cannot make again")
        return self.rebuild, ()

    def __call__(self, matrix: Any) -> Any:
        """Return the logits of a matrix of features; to be called inside a `tf.function`."""
        return self.graph(self.encode(matrix))


def find_logits(
    model: Model, head: Head, feeds: Sequence[Feed], columns: Sequence[Column], sample: np.ndarray
) -> Logits:
    """Return the most exact logits from which the model's scores of ``sample`` follow.

    In this order: the head's input, the logarithm of the scores in the frozen graph, that by the whole signature; the
    former two from encoded text columns where possible. They are verified on rows of ``sample``, a matrix of
    ``columns``, and on as many that mix their values.
    """
    decoder = Decoder(feeds, columns)
    confirmation = confirmation_rows(model, head, decoder, sample)
    frozen = model.frozen
    if frozen is None:
        return uncut_logits(model, head, decoder, columns)
    verify = LogitVerifier(frozen, feeds, columns, *confirmation)
    logits = exact = _best(verify, head_candidates(frozen, head))
    reason = lost([candidate.evidence for candidate in verify.undefined])
    if exact is None and not head.is_linear:
        logits = verify(replace(output_candidate(frozen, head), evidence=reason), from_scores)
    if logits is None:
        return uncut_logits(model, head, decoder, columns, reason)
    subgraph = logits.subgraph
    return Logits(
        logits.graph,
        logits.near,
        subgraph.encode,
        subgraph.players,
        subgraph.widest,
        logits.evidence,
        exact is not None,
    )


class Confirmation(NamedTuple):
    """Rows ``(rows, columns)``, and the model's probabilities, or values ``(rows, 1)`` of a regression."""

    rows: np.ndarray
    scores: np.ndarray


def confirmation_rows(model: Model, head: Head, decoder: Decoder, sample: np.ndarray) -> Confirmation:
    """Return rows on which logits are verified: some of ``sample``, and as many that mix their values.

    Attribution mixes values too: a graph may hold another sigmoid that agrees with the scores only where columns are
    correlated as in the data.
    """
    limit = min(CONFIRMED_ROWS, max(_MIN_CONFIRMED_ROWS, _CONFIRMED_NUMBERS // sample.shape[1]))
    sample = sample[:: -(-len(sample) // limit)]  # of the whole file, which may be sorted

    def scores(rows: np.ndarray) -> np.ndarray:
        raw = model(decoder(tensorflow().constant(rows)))
        return raw.astype(np.float64) if head.kind == "regression" else head.probabilities(raw)

    mixed = np.random.default_rng(0).permuted(sample, axis=0)
    try:
        return Confirmation(np.concatenate([sample, mixed]), np.concatenate([scores(sample), scores(mixed)]))
    except MachineFault:
        raise
    except AuditError:  # the model has no scores for such rows
        return Confirmation(sample, scores(sample))


def _best(verify: LogitVerifier, candidates: Sequence[LogitCandidate]) -> VerifiedLogits | None:
    """Return the first logits whose sigmoid or softmax equals the scores, else the first that they follow."""
    following = None
    for candidate in candidates:
        logits = verify(candidate)
        if logits and logits.match.equal:
            return logits
        following = following or logits
    return following


def uncut_logits(
    model: Model, head: Head, decoder: Decoder, columns: Sequence[Column], reason: str = LOST
) -> Logits:
    """Return the logits computed by the whole signature, as it is called for scores."""
    exact = head.is_linear

    def graph(rows: Any) -> Any:
        tf = tensorflow()
        scores = model.outputs(decoder(rows))
        wide = tf.reshape(tf.cast(scores, rows.dtype), [-1, model.width])
        if head.kind == "regression":
            return wide
        return by_class(wide if exact else from_scores(wide), 1)

    evidence = "the model's output, through the whole signature" if exact else reason
    players = np.repeat(np.arange(len(columns)), [column.width for column in columns])
    flat = all(column.shape is None for column in columns)
    widest = max(_ASSUMED_WIDTH, len(players) if flat else RowWidth().numbers(len(players)))
    return Logits(graph, lambda *_: graph, lambda rows: rows, players, widest, evidence, exact)
