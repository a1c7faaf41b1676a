"""Whether attacks may follow gradients: probed at a sample of rows before any attack, not assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.attacks import Ascent
from audit.checks.robustness.truthful import mismatch
from audit.model.framework import tensorflow

_ROWS, _PICTURES = 256, 32
_MISLED, _DOUBTFUL = 0.5, 0.05


@dataclass(frozen=True)
class Gradient:
    """What gradients are worth to an attack.

    Attributes:
        missing: why no attack can follow them; None where it may run.
        misled: why what an attack along them does not flip proves nothing, although it runs; None where it does.
        doubt: what it misses although it runs; None where that is little.
    """

    missing: str | None = None
    misled: str | None = None
    doubt: str | None = None


def sample(ascent: Ascent, rows: int) -> slice:
    """Return which of so many rows are probed: at even distances, of a file that may be sorted."""
    return slice(None, None, max(1, -(-rows // (_PICTURES if ascent.space.shape else _ROWS))))


def probe(ascent: Ascent, x: np.ndarray, classes: np.ndarray) -> Gradient:
    """Look for gradients at rows ``x`` ``(rows, columns)``, and compare them with what small moves do."""
    try:
        zero = float((~ascent.direction(x, classes).any(1)).mean())
    except (LookupError, NotImplementedError, tensorflow().errors.OpError) as error:
        return Gradient(missing=f"an operation of the model has no gradient ({_first_sentence(error)})")
    if zero == 1:
        return Gradient(
            missing="the model has no gradient with respect to the columns that may move, at any of "
            f"{len(x):,} probed rows"
        )
    missed = mismatch(ascent, x, classes)
    told = f"of what the log-odds change when {_moves(ascent)}, {missed:.0%} runs against the gradient or has none"
    if missed > _MISLED:
        return Gradient(misled=f"the gradients do not follow the model: {told}")
    doubts = [told] if missed > _DOUBTFUL else []
    if zero > _DOUBTFUL:
        doubts.append(f"{zero:.0%} of the probed rows have no gradient at all")
    return Gradient(doubt="; ".join(doubts) or None)


def _moves(ascent: Ascent) -> str:
    return "parts of a picture move along their gradients" if ascent.space.shape else "columns move alone"


def _first_sentence(error: Exception) -> str:
    message = str(getattr(error, "message", None) or (error.args[0] if error.args else error))
    return message.strip().splitlines()[0].split(". ")[0][:200] if message.strip() else type(error).__name__
