"""Expected gradients: what each number of a row adds, from gradients on the way from reference rows to the row.

Source: Erion, Janizek, Sturmfels, Lundberg and Lee, "Improving performance of deep learning models with axiomatic
attribution priors and expected gradients", Nature Machine Intelligence 3 (2021); `shap.GradientExplainer` samples the
same values, without errors. They are Aumann-Shapley values, the mean over references of integrated gradients: the
way to explain an image, whose numbers are too many to be masked one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.attribution.coalitions import Value
from audit.attribution.path_sampling import Paths, PathSums, Unit, calls
from audit.frameworks.tensorflow_loader import graph, tensorflow

_MOST_POINTS = 4096
"""Of a call, however much memory they may take: more are not faster."""


@dataclass(frozen=True)
class ExpectedGradients:
    """Expected gradients: in each row, ``values.sum()`` is the output's distance to ``base``, but for the sampling.

    Attributes:
        values: (rows, columns) float64, in the unit of the explained function.
        errors: (rows, columns) float64, one standard error of each value for these references.
        gaps: (rows,) float64, what the values' sum exceeds the output's distance to ``base`` by.
        gap_errors: (rows,) float64, one standard error of that; gaps far beyond it show that the gradients are not
            those of the function, as of one with jumps.
        base: mean of the function over the references.
        outputs: (rows,) float64, the function at the rows.
        passes: (rows,) int, how often the references were gone through.
    """

    values: np.ndarray
    errors: np.ndarray
    gaps: np.ndarray
    gap_errors: np.ndarray
    base: float
    outputs: np.ndarray
    passes: np.ndarray


def expected_gradients(
    value: Value,
    x: np.ndarray,
    references: np.ndarray,
    *,
    width: int = 1,
    seed: int,
    error: float,
    memory: int,
) -> ExpectedGradients:
    """Estimate the expected gradients of ``value`` at the rows ``x``.

    What is sampled depends on the seed, the row's index and the pass only. A function without a gradient gives zeros.

    Args:
        value: (n, columns) float tensor to (n,) float tensor; traceable by ``tf.function``.
        x: (rows, columns) float32 or float64, at least one row.
        references: (m, columns), of the same dtype: each in turn is where a path begins.
        width: numbers that the function holds for a row in between, at most; sets, with ``memory``, the rows of a call.
        seed: of the positions on the paths, 0 to 2^128 - 1.
        error: a row is done when the norm of its standard errors is this share of that of its values, or less, or
            after `path_sampling.MOST_PASSES` passes.
        memory: bytes of the widest tensor of one call; the gradient holds several such tensors.

    Raises:
        LookupError: an operation of the function has no gradient.
    """
    room = max(1, min(memory // (x.itemsize * max(width, x.shape[1])), _MOST_POINTS))
    sums = PathSums(x.shape, Paths(len(references), seed))
    contributions = _contributions(value, x, references)
    while len(rows := sums.unfinished(error)):
        for units in calls(sums.units(rows), room):
            sums.add(units, contributions(*_points(units, sums.paths)))
        sums.passes[rows] += 1
    base, outputs = (_evaluated(value, part, room) for part in (references, x))
    values = sums.values
    gaps = values.sum(axis=1) - (outputs - base.mean())
    return ExpectedGradients(
        values, sums.errors, gaps, sums.gap_errors, float(base.mean()), outputs, sums.passes
    )


def _points(units: list[Unit], paths: Paths) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the row, the reference (both int32) and the position of every point."""
    row = np.concatenate([np.full(len(positions), row, np.int32) for row, _, positions in units])
    reference = np.concatenate([paths.reference[block] for _, block, _ in units])
    return row, reference, np.concatenate([positions for _, _, positions in units])


def _contributions(value: Value, x: np.ndarray, references: np.ndarray) -> Callable[..., np.ndarray]:
    """Return the compiled function of points to what each number adds there, (points, columns)."""
    tf = tensorflow()
    tables, index = (tf.constant(x), tf.constant(references)), tf.TensorSpec([None], tf.int32)

    def added(row: Any, reference: Any, position: Any) -> Any:
        own, other = tf.gather(tables[0], row), tf.gather(tables[1], reference)
        way = own - other
        points = other + position[:, None] * way
        with tf.GradientTape() as tape:
            tape.watch(points)
            outputs = value(points)
        return way * tape.gradient(outputs, points, unconnected_gradients="zero")

    compiled = graph(added, [index, index, tf.TensorSpec([None], x.dtype)])

    def call(row: np.ndarray, reference: np.ndarray, position: np.ndarray) -> np.ndarray:
        return np.asarray(compiled(row, reference, position.astype(x.dtype)))

    return call


def _evaluated(value: Value, rows: np.ndarray, room: int) -> np.ndarray:
    compiled = graph(value, [tensorflow().TensorSpec([None, rows.shape[1]], rows.dtype)])
    parts = [compiled(rows[start : start + room]).numpy() for start in range(0, len(rows), room)]
    return np.concatenate(parts).astype(np.float64)
