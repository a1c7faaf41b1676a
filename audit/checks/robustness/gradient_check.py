"""Whether the gradients that attacks follow are the model's: compared with what small moves do to its log-odds.

A graph may hold operations whose gradient is not that of their values (a stopped or a replaced gradient, rounding
beside a small smooth term). An attack along it finds nothing, and what it does not find looks like robustness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from audit.attacks import GradientAscent, ThreatModel
from audit.frameworks.tensorflow_loader import graph, tensorflow

_COLUMNS, _CELLS = 64, 4
_MOVE, _SHADE = 0.05, 0.02
"""Standard deviations, and parts of a picture's range: beyond the steps of rounding that hides from a gradient, within
those that attacks make."""


def mismatch(ascent: GradientAscent, x: np.ndarray, classes: np.ndarray) -> float:
    """Return the share of the log-odds' change whose sign the gradient misses, from 0 to 1.

    Changes are central differences of the log-odds against the decided class, by the cut logits: each movable column
    alone by 0.05 standard deviations either way (64 of them, if there are more), a whole number where it moves in
    such; of pictures the numbers of each of 4 x 4 cells by 0.02 of the range, along the gradient's signs: equal steps
    cancel where a model looks at edges. Numbers of a cell without a gradient are moved by equal steps, beside these.
    What rounding of the logits may have made counts for nothing. 0 if nothing changes.

    Args:
        ascent: what attacks follow.
        x: the rows ``(rows, columns)``.
        classes: what is decided for them, int ``(rows,)``.
    """
    space, log_odds = ascent.space, _log_odds(ascent, x, classes)
    signs = np.sign(ascent.direction(x, classes))
    total = missed = 0.0
    for move, expected in _along(space, signs) if space.shape else _alone(space, signs):
        step = move * _step(space)
        (up, unsure), (down, doubt) = (log_odds((x + way * step).astype(x.dtype)) for way in (1, -1))
        size = np.abs(up - down)
        size = np.where(np.isfinite(size) & (size > unsure + doubt), size, 0.0)
        total += float(size.sum())
        missed += float(size[np.sign(up - down) != expected].sum())
    return missed / total if total else 0.0


def _step(space: ThreatModel) -> np.ndarray:
    step = (_SHADE if space.shape else _MOVE) * space.scale
    return np.where(space.integer, np.maximum(1, np.rint(step)), step)


Moves = Iterator[tuple[np.ndarray, np.ndarray]]
"""Moves of all rows in steps, ``(columns,)`` or ``(rows, columns)``, and the signs of change that gradients promise."""


def _alone(space: ThreatModel, signs: np.ndarray) -> Moves:
    for place in _spread(np.flatnonzero(space.movable)):
        move = np.zeros(signs.shape[1])
        move[place] = 1
        yield move, signs[:, place]


def _along(space: ThreatModel, signs: np.ndarray) -> Moves:
    rising, none = np.ones(len(signs)), np.zeros(len(signs))
    for places in _cells(space):
        move, still = np.zeros(signs.shape), np.zeros(signs.shape)
        move[:, places] = signs[:, places]
        still[:, places] = signs[:, places] == 0
        yield move, rising
        if still.any():
            yield still, none


def _log_odds(
    ascent: GradientAscent, x: np.ndarray, classes: np.ndarray
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return the log-odds against the decided class as a function of the rows, and what rounding may do to each.

    Logits are sums, over as many numbers as a row has, of terms that may cancel: errors add up like a random walk's.
    """
    compiled = graph(ascent.logits, [tensorflow().TensorSpec([None, x.shape[1]], x.dtype)])
    own = np.arange(len(classes)), classes

    def log_odds(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits = compiled(rows)
        others = logits.numpy().astype(np.float64)
        largest = np.where(np.isfinite(others), np.abs(others), 0).max(1)
        walk = float(tensorflow().experimental.numpy.finfo(logits.dtype).eps) * np.sqrt(x.shape[1])
        kept = others[own]
        others[own] = -np.inf
        # A row near the border has small logits of terms as large as its neighbours'.
        return np.logaddexp.reduce(others, 1) - kept, walk * np.maximum(largest, np.median(largest))

    return log_odds


def _cells(space: ThreatModel) -> list[np.ndarray]:
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
