"""Whether the gradients that attacks follow are the model's: compared with what small moves do to its log-odds.

A graph may hold operations whose gradient is not that of their values (a stopped or a replaced gradient, rounding
beside a small smooth term). An attack along it finds nothing, and what it does not find looks like robustness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from audit.check import Skip
from audit.checks.robustness.attacked import AttackedRows
from audit.model.framework import graph, tensorflow
from audit.result import Note

_ROWS, _COLUMNS = 256, 64
_MOVE = 0.05
"""Standard deviations: beyond the steps of rounding that hides from a gradient, within those that attacks make."""
_MISLED, _DOUBTFUL = 0.5, 0.05


def truthful(attacked: AttackedRows) -> Iterator[Note]:
    """Yield a note where the gradients miss part of what the model does.

    Raises:
        Skip: they miss most of it.
    """
    missed = mismatch(attacked)
    if missed > _MISLED:
        raise Skip(
            "the gradients do not follow the model: of what the log-odds change when columns move alone, "
            f"{missed:.0%} runs against the gradient or has none; an attack along it would prove nothing"
        )
    if missed > _DOUBTFUL:
        yield Note(
            text=f"Of what the log-odds change when columns move alone, {missed:.0%} runs against the gradient or has "
            "none: the attacks miss ways to flip decisions."
        )


def mismatch(attacked: AttackedRows) -> float:
    """Return the share of the log-odds' change whose sign the gradient misses, from 0 to 1.

    Changes are central differences of the log-odds against the decided class, each movable column alone by 0.05
    standard deviations either way, by the cut logits; over at most 256 rows and 64 columns. 0 if nothing changes.
    """
    every = slice(None, None, -(-len(attacked.matrix) // _ROWS))
    x, classes, space = attacked.matrix[every], attacked.classes[every], attacked.space
    loss, signs = _loss(attacked, classes), np.sign(attacked.ascent.direction(x, classes))
    total = missed = 0.0
    for column in _spread(np.flatnonzero(space.movable)):
        step = np.zeros(x.shape[1])
        step[column] = _MOVE * space.scale[column]
        change = loss((x + step).astype(x.dtype)) - loss((x - step).astype(x.dtype))
        size = np.where(np.isfinite(change), np.abs(change), 0.0)
        total += float(size.sum())
        missed += float(size[np.sign(change) != signs[:, column]].sum())
    return missed / total if total else 0.0


def _loss(attacked: AttackedRows, classes: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return the log-odds against the decided class as a function of the rows."""
    shape = [None, attacked.matrix.shape[1]]
    compiled = graph(attacked.ascent.logits, [tensorflow().TensorSpec(shape, attacked.matrix.dtype)])
    own = np.arange(len(classes)), classes

    def loss(rows: np.ndarray) -> np.ndarray:
        others = compiled(rows).numpy().astype(np.float64)
        kept = others[own]
        others[own] = -np.inf
        return np.asarray(np.logaddexp.reduce(others, 1) - kept)

    return loss


def _spread(columns: np.ndarray) -> np.ndarray:
    """Return all of a few, else some of them at even distances."""
    places = np.linspace(0, len(columns) - 1, min(len(columns), _COLUMNS))
    return np.asarray(columns[places.astype(int)])
