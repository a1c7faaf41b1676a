"""Gradient sources of attacks: the exact gradient, a straight-through surrogate (BPDA), or one averaged over points."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from audit.attacks.gradient_ascent import GradientAscent, logits_near
from audit.attacks.gradient_ascent import Logits as TraceableLogits
from audit.attacks.table import BPDA, PGD, RESTARTS, SMOOTHED
from audit.attacks.threat_model import LogOddsFunction, Norm, ThreatModel
from audit.checks.robustness.budget import Budget
from audit.checks.robustness.gradient_probe import GradientProbe, probe, sample_size
from audit.checks.robustness.sanity_tests import MAX_SIGN_DISAGREEMENT
from audit.execution.plan import call_ranges
from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.model.decision import DecisionRule, decision_logits
from audit.model.graph.row_width import rows_of_call
from audit.model.logits.logits import Logits
from audit.model.logits.surrogate import SurrogateLogits
from audit.subject.predictor import Predictor
from audit.subject.subject import Subject

_SMOOTHING_POINTS = 16


@dataclass(frozen=True)
class GradientSource:
    """A gradient to follow, the name of the attack that follows it, and what it is worth."""

    name: str
    ascent: GradientAscent
    probe: GradientProbe

    @property
    def usable(self) -> bool:
        """Whether there is a gradient at all."""
        return self.probe.missing is None


class Fallbacks(NamedTuple):
    """Gradients other than the exact one, and the surrogate logits behind them; None if there are none."""

    sources: list[GradientSource]
    logits: SurrogateLogits | None


def exact_gradient(subject: Subject, threat_model: ThreatModel, norm: Norm, budget: Budget) -> GradientSource:
    """Return the gradient of the model's own logits, with cleverhans' loss.

    It is that of the graph below the head; where this has none, that of the whole signature, if it has one.
    """

    def source(logits: Logits) -> GradientSource:
        directions = DecisionLogits(logits, subject.decision_rule)
        return _source(PGD.name, subject, threat_model, norm, directions, budget, margin=False)

    cut = source(subject.logits)
    if cut.usable or subject.model.frozen is None:
        return cut
    uncut = source(subject.uncut_logits)
    return replace(uncut, probe=replace(uncut.probe, uncut=cut.probe.missing)) if uncut.usable else cut


def fallback_gradients(
    subject: Subject, threat_model: ThreatModel, norm: Norm, exact: GradientSource | None, eps: float,
    budget: Budget,
) -> Fallbacks:  # fmt: skip
    """Return the usable gradients to follow if the exact one proves nothing.

    These are the same gradient with a margin loss, or one that passes steps and stops; and if it disagrees with small
    moves, that of the logits averaged over points within half of ``eps``.
    """
    surrogate = subject.surrogate_logits
    if surrogate is None and exact is None:
        return Fallbacks([], None)
    name = BPDA.name if surrogate is not None and surrogate.has_steps else RESTARTS.name
    logits: TraceableLogits = DecisionLogits(surrogate or subject.logits, subject.decision_rule)
    sources = [_source(name, subject, threat_model, norm, logits, budget)]
    rough = sources[0].usable and sources[0].probe.disagreement > MAX_SIGN_DISAGREEMENT
    if rough and not threat_model.shape:  # an image has too many values for the mean of a few points
        logits = SmoothedLogits(sources[0].ascent, subject.seed, eps / 2)
        sources.append(_source(SMOOTHED.name, subject, threat_model, norm, logits, budget))
    return Fallbacks([source for source in sources if source.usable], surrogate)


def surrogate_log_odds(subject: Subject, surrogate: SurrogateLogits) -> LogOddsFunction:
    """Return a function that scores rows by the surrogate logits, and has the uncut model decide."""
    logits = DecisionLogits(surrogate, subject.decision_rule)
    return SurrogateLogOdds(logits, subject.predictor, rows_of_call(surrogate.widest))


@dataclass(frozen=True, eq=False)
class DecisionLogits:
    """The logits of the decisions as a function of the rows."""

    logits: TraceableLogits
    rule: DecisionRule

    def __call__(self, rows: Any) -> Any:
        """Return the logits of the classes ``(rows, classes)``."""
        return decision_logits(self.logits(rows), self.rule)

    def near(self, rows: Any, movable: np.ndarray) -> TraceableLogits:
        """Return them as a function of rows that are ``rows`` but for movable columns."""
        near = logits_near(self.logits, rows, movable)
        return lambda nearby_rows: decision_logits(near(nearby_rows), self.rule)


class SurrogateLogOdds:
    """Scores rows by surrogate logits, and has the uncut model decide."""

    def __init__(self, logits: DecisionLogits, predictor: Predictor, rows_of_call: int) -> None:
        self._arguments = logits, predictor, rows_of_call
        self._rows_of_call = rows_of_call
        self._predictor = predictor
        self._compiled = graph(logits)

    def __reduce__(self) -> tuple[type["SurrogateLogOdds"], tuple[DecisionLogits, Predictor, int]]:
        return type(self), self._arguments

    def __call__(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the log-odds ``(rows, classes)``, and the classes decided on."""
        parts = call_ranges(len(matrix), self._rows_of_call)
        calls = [self._compiled(tensorflow().constant(matrix[part.slice])) for part in parts]
        log_odds = np.concatenate(calls)
        return log_odds.astype(np.float64), self._predictor(matrix)


def _source(
    name: str, subject: Subject, threat_model: ThreatModel, norm: Norm, logits: TraceableLogits,
    budget: Budget, margin: bool = True,
) -> GradientSource:  # fmt: skip
    matrix = subject.features.data.matrix
    limit = rows_of_call(subject.logits.widest) if threat_model.shape else None
    ascent = GradientAscent(logits, threat_model, norm, matrix.dtype, margin, limit)
    step = max(
        1, -(-len(matrix) // sample_size(threat_model, budget))
    )  # at even distances, of a file that may be sorted
    x = matrix[::step]
    return GradientSource(name, ascent, probe(ascent, x, subject.predictor(x)))


@dataclass(frozen=True, eq=False)
class SmoothedLogits:
    """Logits averaged over the same few offsets of each row, within ``radius`` in units of the scale."""

    ascent: GradientAscent
    seed: int
    radius: float

    @cached_property
    def _offsets(self) -> np.ndarray:
        threat_model = self.ascent.threat_model
        shape = _SMOOTHING_POINTS, len(threat_model.scale)
        random = np.random.default_rng(self.seed).uniform(-self.radius, self.radius, shape)
        return np.asarray((random * threat_model.scale * threat_model.movable).astype(self.ascent.dtype))

    def __call__(self, rows: Any) -> Any:
        """Return the logits of the classes ``(rows, classes)``."""
        tf = tensorflow()
        points = rows[None] + tf.constant(self._offsets[:, None])
        flat = self.ascent.logits(tf.reshape(points, [-1, self._offsets.shape[1]]))
        return tf.reduce_mean(tf.reshape(flat, [_SMOOTHING_POINTS, -1, flat.shape[1]]), 0)
