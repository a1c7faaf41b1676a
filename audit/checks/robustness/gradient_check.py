"""Gradient checking: the gradients that attacks follow, compared with the effect of small moves on the log-odds.

A graph may hold operations whose gradient is not that of their values (a stopped or a replaced gradient, rounding
beside a small smooth term). An attack along it finds nothing, and what it does not find looks like robustness.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.threat_model import ThreatModel
from audit.execution.plan import call_ranges
from audit.frameworks.tensorflow_loader import graph, tensorflow

MAX_COLUMNS = 64
CELLS_PER_SIDE = 4
_COLUMN_MOVE = 0.05
"""Standard deviations: beyond the steps of rounding that hides from a gradient, within those that attacks make."""
_PIXEL_MOVE = 0.02
"""The same of images, in parts of their range."""


class _Move(NamedTuple):
    """A move in steps, ``(columns,)`` or ``(rows, columns)``, and the sign of change that gradients promise."""

    direction: np.ndarray
    expected: np.ndarray


class _LogOdds(NamedTuple):
    """Log-odds against the decided class, and the error that rounding may have made in each, ``(rows,)``."""

    value: np.ndarray
    error: np.ndarray


def sign_disagreement(ascent: GradientAscent, x: np.ndarray, classes: np.ndarray) -> float:
    """Return the share of the log-odds' change whose sign the gradient misses, from 0 to 1.

    Changes are central differences of the log-odds against the decided class, by the cut logits: each movable column
    alone by 0.05 standard deviations either way (64 of them, if there are more), a whole number if it moves in
    such; of images the values of each of 4 x 4 cells by 0.02 of the range, along the gradient's signs: equal steps
    cancel where a model looks at edges. Values of a cell without a gradient are moved by equal steps as well.
    Changes within the rounding error of the logits do not count. 0 if nothing changes.

    Args:
        ascent: the gradient that attacks follow.
        x: the rows ``(rows, columns)``.
        classes: the classes decided for them, int ``(rows,)``.
    """
    space = ascent.threat_model
    log_odds = _log_odds(ascent, x, classes)
    signs = np.sign(ascent.direction(x, classes))
    step = (_PIXEL_MOVE if space.shape else _COLUMN_MOVE) * space.scale
    step = np.where(space.integer, np.maximum(1, np.rint(step)), step)
    total = 0.0
    disagreeing = 0.0
    for direction, expected in _cell_moves(space, signs) if space.shape else _column_moves(space, signs):
        up, down = (log_odds((x + side * (direction * step)).astype(x.dtype)) for side in (1, -1))
        change = up.value - down.value
        size = np.abs(change)
        size = np.where(np.isfinite(size) & (size > up.error + down.error), size, 0.0)
        total += float(size.sum())
        disagreeing += float(size[np.sign(change) != expected].sum())
    return disagreeing / total if total else 0.0


def _column_moves(threat_model: ThreatModel, signs: np.ndarray) -> Iterator[_Move]:
    for column in _spread(np.flatnonzero(threat_model.movable)):
        direction = np.zeros(signs.shape[1])
        direction[column] = 1
        yield _Move(direction, signs[:, column])


def _cell_moves(threat_model: ThreatModel, signs: np.ndarray) -> Iterator[_Move]:
    for cell in _cells(threat_model):
        along = np.zeros(signs.shape)
        along[:, cell] = signs[:, cell]
        yield _Move(along, np.ones(len(signs)))
        flat = np.zeros(signs.shape)
        flat[:, cell] = signs[:, cell] == 0
        if flat.any():
            yield _Move(flat, np.zeros(len(signs)))


def _log_odds(ascent: GradientAscent, x: np.ndarray, classes: np.ndarray) -> Callable[[np.ndarray], _LogOdds]:
    """Return the log-odds as a function of the rows.

    Logits are sums, over as many numbers as a row has, of terms that may cancel: errors add up like a random walk's.
    """
    compiled = graph(ascent.logits, [tensorflow().TensorSpec([None, x.shape[1]], x.dtype)])
    decided = np.arange(len(classes)), classes

    def log_odds(rows: np.ndarray) -> _LogOdds:
        parts = call_ranges(len(rows), ascent.rows_of_call)
        logits = np.concatenate([compiled(rows[part.slice]).numpy() for part in parts])
        others = logits.astype(np.float64)
        largest = np.where(np.isfinite(others), np.abs(others), 0).max(1)
        walk = float(tensorflow().experimental.numpy.finfo(logits.dtype).eps) * np.sqrt(x.shape[1])
        log_odds_of_decided = others[decided]
        others[decided] = -np.inf
        # A row near the boundary has small logits of terms as large as its neighbours'.
        error = walk * np.maximum(largest, np.median(largest))
        return _LogOdds(np.logaddexp.reduce(others, 1) - log_odds_of_decided, error)

    return log_odds


def _cells(threat_model: ThreatModel) -> list[np.ndarray]:
    """Return the columns of each cell of an image, all channels."""
    columns = np.arange(len(threat_model.scale)).reshape(threat_model.shape or ())
    return [
        cell.ravel()
        for band in np.array_split(columns, min(CELLS_PER_SIDE, columns.shape[0]), 0)
        for cell in np.array_split(band, min(CELLS_PER_SIDE, columns.shape[1]), 1)
    ]


def _spread(columns: np.ndarray) -> np.ndarray:
    """Return all of a few columns, else some of them at even distances."""
    index = np.linspace(0, len(columns) - 1, min(len(columns), MAX_COLUMNS))
    return np.asarray(columns[index.astype(int)])
