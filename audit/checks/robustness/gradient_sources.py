"""Gradient sources of attacks: the exact gradient, a straight-through surrogate (BPDA), or one averaged over points."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.table import BPDA, PGD, RESTARTS, SMOOTHED
from audit.attacks.threat_model import LogOddsFunction, Norm, ThreatModel
from audit.checks.robustness.budget import Budget
from audit.checks.robustness.gradient_probe import GradientProbe, probe, sample_size
from audit.checks.robustness.sanity_tests import MAX_SIGN_DISAGREEMENT
from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.model.decision import decision_logits
from audit.model.logits.logits import Logits
from audit.model.logits.surrogate import SurrogateLogits, find_surrogate
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
        return _source(
            PGD.name, subject, threat_model, norm, _directions(subject, logits), budget, margin=False
        )

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
    features = subject.features
    surrogate = find_surrogate(
        subject.model, subject.decision_rule, subject.feeds, features.columns, features.data.matrix
    )
    if surrogate is None and exact is None:
        return Fallbacks([], None)
    name = BPDA.name if surrogate is not None and surrogate.has_steps else RESTARTS.name
    logits = _directions(subject, subject.logits if surrogate is None else surrogate.logits)
    sources = [_source(name, subject, threat_model, norm, logits, budget)]
    rough = sources[0].usable and sources[0].probe.disagreement > MAX_SIGN_DISAGREEMENT
    if rough and not threat_model.shape:  # an image has too many values for the mean of a few points
        logits = _smoothed(sources[0].ascent, subject.seed, eps / 2)
        sources.append(_source(SMOOTHED.name, subject, threat_model, norm, logits, budget))
    return Fallbacks([source for source in sources if source.usable], surrogate)


def surrogate_log_odds(subject: Subject, surrogate: SurrogateLogits) -> LogOddsFunction:
    """Return a function that scores rows by the surrogate logits, and has the uncut model decide."""
    logits = graph(_directions(subject, surrogate.logits))

    def log_odds(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return logits(tensorflow().constant(matrix)).numpy().astype(np.float64), subject.predictor(matrix)

    return log_odds


def _directions(subject: Subject, logits: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the logits of the decisions as a function of the rows."""
    return lambda rows: decision_logits(logits(rows), subject.decision_rule)


def _source(
    name: str, subject: Subject, threat_model: ThreatModel, norm: Norm, logits: Callable[[Any], Any],
    budget: Budget, margin: bool = True,
) -> GradientSource:  # fmt: skip
    matrix = subject.features.data.matrix
    ascent = GradientAscent(logits, threat_model, norm, matrix.dtype, margin)
    step = max(
        1, -(-len(matrix) // sample_size(threat_model, budget))
    )  # at even distances, of a file that may be sorted
    x = matrix[::step]
    return GradientSource(name, ascent, probe(ascent, x, subject.predictor(x)))


def _smoothed(ascent: GradientAscent, seed: int, radius: float) -> Callable[[Any], Any]:
    """Return logits averaged over the same few offsets of each row, within ``radius`` in units of the scale."""
    tf = tensorflow()
    columns = len(ascent.threat_model.scale)
    unit = ascent.threat_model.scale * ascent.threat_model.movable
    random = np.random.default_rng(seed).uniform(-radius, radius, (_SMOOTHING_POINTS, columns))
    offsets = (random * unit).astype(ascent.dtype)

    def logits(rows: Any) -> Any:
        points = rows[None] + tf.constant(offsets[:, None])
        flat = ascent.logits(tf.reshape(points, [-1, columns]))
        return tf.reduce_mean(tf.reshape(flat, [_SMOOTHING_POINTS, -1, flat.shape[1]]), 0)

    return logits
