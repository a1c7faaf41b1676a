"""What attacks may follow: the model's own gradient, one that passes its steps and stops, or a smoothed one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.attacks import Attack, GradientAscent, Norm, ThreatModel
from audit.checks.robustness.gradient_probe import Gradient, probe, sample
from audit.checks.robustness.sanity_tests import LITTLE
from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.model.decision import decision_logits
from audit.model.logits.surrogate import SurrogateLogits, find_surrogate
from audit.subject.subject import Subject

_NEAR = 16
"""Points over which a smoothed gradient is averaged."""


@dataclass(frozen=True)
class Lead:
    """A direction for attacks: the ``name`` of what follows it, the ``gradient`` as probed, and whose it is."""

    name: Attack
    ascent: GradientAscent
    gradient: Gradient
    evidence: str

    @property
    def usable(self) -> bool:
        """Whether there is a gradient at all."""
        return self.gradient.missing is None


def own(subject: Subject, space: ThreatModel, norm: Norm) -> Lead:
    """Return the gradient of the model's own logits, with cleverhans' loss."""
    return _lead("pgd", subject, space, norm, subject.logits, subject.logits.evidence, margin=False)


def others(
    subject: Subject, space: ThreatModel, norm: Norm, first: Lead | None, eps: float
) -> tuple[list[Lead], SurrogateLogits | None]:
    """Return what else may be followed where the first proves nothing, and the logits that past steps were found.

    That is the same gradient with a margin loss, one that passes steps and stops, and where a gradient runs against
    small moves, that of the logits averaged over points within half of ``eps``.
    """
    found: list[Lead] = []
    matrix = subject.features.data.matrix
    stand_in = find_surrogate(subject.model, subject.decider, subject.feeds, subject.features.columns, matrix)
    if stand_in is not None:
        name: Attack = "bpda" if stand_in.past else "restarts"
        found.append(_lead(name, subject, space, norm, stand_in.logits, stand_in.evidence))
    elif first is not None:
        found.append(_lead("restarts", subject, space, norm, subject.logits, subject.logits.evidence))
    rough = [lead for lead in found if lead.usable and lead.gradient.missed > LITTLE]
    if rough and not space.shape:  # a picture has too many numbers for the mean of a few points
        smoothed = _smoothed(rough[0].ascent, subject.seed, eps / 2)
        found.append(
            _lead("smoothed", subject, space, norm, smoothed, "averaged over near points", decided=True)
        )
    return [lead for lead in found if lead.usable], stand_in


def guided(
    subject: Subject, stand_in: SurrogateLogits
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return what weighs rows by the logits below what decides, and has the uncut model decide."""
    logits = graph(lambda rows: decision_logits(stand_in.logits(rows), subject.decider))

    def log_odds(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return logits(tensorflow().constant(matrix)).numpy().astype(np.float64), subject.judge(matrix)

    return log_odds


def _lead(
    name: Attack, subject: Subject, space: ThreatModel, norm: Norm, logits: Any, evidence: str,
    margin: bool = True, decided: bool = False,
) -> Lead:  # fmt: skip
    decider, matrix = subject.decider, subject.features.data.matrix

    def directions(rows: Any) -> Any:
        return logits(rows) if decided else decision_logits(logits(rows), decider)

    ascent = GradientAscent(directions, space, norm, matrix.dtype, margin)
    x = matrix[sample(ascent, len(matrix))]
    return Lead(name, ascent, probe(ascent, x, subject.judge(x)), evidence)


def _smoothed(ascent: GradientAscent, seed: int, reach: float) -> Callable[[Any], Any]:
    """Return logits averaged over the same few offsets of each row, within ``reach`` in units of the scale."""
    tf, space = tensorflow(), ascent.space
    drawn = np.random.default_rng(seed).uniform(-reach, reach, (_NEAR, len(space.scale)))
    offsets = (drawn * space.scale * space.movable).astype(ascent.dtype)

    def logits(rows: Any) -> Any:
        near = rows[None] + tf.constant(offsets[:, None])
        flat = ascent.logits(tf.reshape(near, [-1, offsets.shape[1]]))
        return tf.reduce_mean(tf.reshape(flat, [_NEAR, -1, flat.shape[1]]), 0)

    return logits
