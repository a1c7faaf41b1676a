"""Whether the gradients that attacks follow are the model's: compared with what small moves do to its log-odds.

A graph may hold operations whose gradient is not that of their values (a stopped or a replaced gradient, rounding
beside a small smooth term). An attack along it finds nothing, and what it does not find looks like robustness.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from audit.attacks import Ascent, Space
from audit.model.framework import graph, tensorflow

_COLUMNS, _CELLS = 64, 4
_MOVE, _SHADE = 0.05, 0.02
"""Standard deviations, and parts of a picture's range: beyond the steps of rounding that hides from a gradient, within
those that attacks make."""


def mismatch(ascent: Ascent, x: np.ndarray, classes: np.ndarray) -> float:
    """Return the share of the log-odds' change whose sign the gradient misses, from 0 to 1.

    Changes are central differences of the log-odds against the decided class, by the cut logits: each movable column
    alone by 0.05 standard deviations either way (64 of them, if there are more), a whole number where it moves in
    such; of pictures each of 4 x 4 cells by 0.02 of the range. 0 if nothing changes.

    Args:
        ascent: what attacks follow.
        x: the rows ``(rows, columns)``.
        classes: what is decided for them, int ``(rows,)``.
    """
    space = ascent.space
    steepest = (
        Ascent(ascent.logits, space, "2", x.dtype) if space.shape else ascent
    )  # of norm inf it has signs only
    loss, slopes = _loss(ascent, x, classes), steepest.direction(x, classes)
    total = missed = 0.0
    for places in _cells(space) if space.shape else _spread(np.flatnonzero(space.movable))[:, None]:
        step = np.zeros(x.shape[1])
        step[places] = _step(space)[places]
        change = loss((x + step).astype(x.dtype)) - loss((x - step).astype(x.dtype))
        size = np.where(np.isfinite(change), np.abs(change), 0.0)
        total += float(size.sum())
        missed += float(size[np.sign(change) != np.sign(slopes[:, places].sum(1))].sum())
    return missed / total if total else 0.0


def _step(space: Space) -> np.ndarray:
    step = (_SHADE if space.shape else _MOVE) * space.scale
    return np.where(space.integer, np.maximum(1, np.rint(step)), step)


def _loss(ascent: Ascent, x: np.ndarray, classes: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return the log-odds against the decided class as a function of the rows."""
    compiled = graph(ascent.logits, [tensorflow().TensorSpec([None, x.shape[1]], x.dtype)])
    own = np.arange(len(classes)), classes

    def loss(rows: np.ndarray) -> np.ndarray:
        others = compiled(rows).numpy().astype(np.float64)
        kept = others[own]
        others[own] = -np.inf
        return np.asarray(np.logaddexp.reduce(others, 1) - kept)

    return loss


def _cells(space: Space) -> list[np.ndarray]:
    """Return the places of the numbers of each cell of a picture, all channels."""
    places = np.arange(len(space.scale)).reshape(space.shape or ())
    return [
        cell.ravel()
        for band in np.array_split(places, min(_CELLS, places.shape[0]), 0)
        for cell in np.array_split(band, min(_CELLS, places.shape[1]), 1)
    ]


def _spread(columns: np.ndarray) -> np.ndarray:
    """Return all of a few, else some of them at even distances."""
    places = np.linspace(0, len(columns) - 1, min(len(columns), _COLUMNS))
    return np.asarray(columns[places.astype(int)])
