"""Whether attacks may follow gradients: probed at a sample of rows before any attack, not assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.attacks import GradientAscent
from audit.checks.robustness.gradient_check import mismatch
from audit.checks.robustness.sanity_tests import LITTLE, Finding
from audit.checks.robustness.sanity_tests import missed as judge_missed
from audit.checks.robustness.sanity_tests import zero_gradient as judge_zero
from audit.frameworks.tensorflow_loader import tensorflow

_ROWS, _PICTURES = 256, 32
_MISLED = 0.5


@dataclass(frozen=True)
class Gradient:
    """What gradients are worth to an attack.

    Attributes:
        missing: why no attack can follow them; None where it may run.
        misled: why what an attack along them does not flip proves nothing, although it runs; None where it does.
        doubt: what it misses although it runs; None where that is little.
        missed: of what small moves change, the share whose sign it misses.
        findings: the same as figures.
    """

    missing: str | None = None
    misled: str | None = None
    doubt: str | None = None
    missed: float = 0.0
    findings: tuple[Finding, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether it may be followed without a doubt."""
        return self.missing is None and self.misled is None and self.doubt is None


def sample(ascent: GradientAscent, rows: int) -> slice:
    """Return which of so many rows are probed: at even distances, of a file that may be sorted."""
    return slice(None, None, max(1, -(-rows // (_PICTURES if ascent.space.shape else _ROWS))))


def probe(ascent: GradientAscent, x: np.ndarray, classes: np.ndarray) -> Gradient:
    """Look for gradients at rows ``x`` ``(rows, columns)``, and compare them with what small moves do."""
    try:
        without = np.asarray(~ascent.direction(x, classes).any(1))
    except (LookupError, NotImplementedError, tensorflow().errors.OpError) as error:
        return Gradient(missing=f"an operation of the model has no gradient ({_first_sentence(error)})")
    zero, nowhere = float(without.mean()), judge_zero(without)
    if zero == 1:
        return Gradient(
            findings=(nowhere,),
            missing="the model has no gradient with respect to the columns that may move, at any of "
            f"{len(x):,} probed rows",
        )
    missed = mismatch(ascent, x, classes)
    findings = nowhere, judge_missed(missed, len(x))
    told = f"of what the log-odds change when {_moves(ascent)}, {missed:.0%} runs against the gradient or has none"
    if missed > _MISLED:
        return Gradient(
            misled=f"the gradients do not follow the model: {told}", missed=missed, findings=findings
        )
    doubts = [told] if missed > LITTLE else []
    if zero > LITTLE:
        doubts.append(f"{zero:.0%} of the probed rows have no gradient at all")
    return Gradient(doubt="; ".join(doubts) or None, missed=missed, findings=findings)


def _moves(ascent: GradientAscent) -> str:
    return "parts of a picture move along their gradients" if ascent.space.shape else "columns move alone"


def _first_sentence(error: Exception) -> str:
    message = str(getattr(error, "message", None) or (error.args[0] if error.args else error))
    return message.strip().splitlines()[0].split(". ")[0][:200] if message.strip() else type(error).__name__
