"""Expected gradients: attributions of columns, from gradients along straight paths from reference rows to a row.

Source: Erion, Janizek, Sturmfels, Lundberg and Lee, "Improving performance of deep learning models with axiomatic
attribution priors and expected gradients", Nature Machine Intelligence 3 (2021); `shap.GradientExplainer` samples the
same values, without errors. They are Aumann-Shapley values, the mean over references of integrated gradients: the
way to explain an image, whose numbers are too many to be masked one by one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import tee
from math import inf
from typing import Any

import numpy as np

from audit.attribution.coalitions import BatchFunction, rows_per_call
from audit.attribution.path_sampling import PathBlock, PathPlan, PathSums, batches, draw_means
from audit.execution import LOCAL, Backend
from audit.frameworks.tensorflow_loader import GRADIENT_COST, graph, tensorflow

_MAX_POINTS_OF_CALL = 4096
"""Larger calls are not faster, however much memory they may take."""


@dataclass(frozen=True)
class ExpectedGradients:
    """Expected gradients: in each row, ``values.sum()`` is the output's distance to ``base``, but for the sampling.

    Attributes:
        values: (rows, columns) float64, in the unit of the explained function.
        errors: (rows, columns) float64, one standard error of each value for these references.
        gaps: (rows,) float64, sum of the values minus the output's distance to ``base``.
        gap_errors: (rows,) float64, one standard error of that; gaps far beyond it show that the gradients are not
            those of the function, as of one with jumps.
        base: (rows,) float64, mean of the function over the references; equal in all rows of one target.
        outputs: (rows,) float64, the function at the rows.
        passes: (rows,) int, each row's passes over the references.
        evaluations: work of the passes, in evaluations of the function, of which a gradient costs `GRADIENT_COST`.
    """

    values: np.ndarray
    errors: np.ndarray
    gaps: np.ndarray
    gap_errors: np.ndarray
    base: np.ndarray
    outputs: np.ndarray
    passes: np.ndarray
    evaluations: int


def expected_gradients(
    f: BatchFunction,
    rows: np.ndarray,
    background: np.ndarray,
    *,
    floats_per_row: int = 1,
    targets: np.ndarray | None = None,
    seed: int,
    tolerance: float,
    memory_bytes: int,
    max_evaluations: float = inf,
    backend: Backend = LOCAL,
) -> ExpectedGradients:
    """Estimate the expected gradients of ``f`` at ``rows``.

    The sample depends on the seed, the row's index and the pass only. A function without a gradient gives zeros.

    Args:
        f: (n, columns) float tensor to (n,) float tensor; traceable by ``tf.function``.
        rows: (rows, columns) float32 or float64, at least one row.
        background: (m, columns), of the same dtype: each row in turn is where a path begins.
        floats_per_row: most floats that the function holds for one row in between; sets, with ``memory_bytes``, the
            rows of a call.
        targets: (rows,) int32, what of each row is explained, such as its class; ``f`` takes those of its lines then.
        seed: seed of the positions on the paths, 0 to 2^128 - 1.
        tolerance: largest ratio of the norm of a row's standard errors to that of its values, at which it is done; it
            is so too after `path_sampling.MAX_PASSES` passes.
        memory_bytes: size of the widest tensor of one call; the gradient holds several such tensors.
        max_evaluations: work at which sampling ends, although errors are larger than the tolerance, in evaluations of
            the function, of which a gradient costs `GRADIENT_COST`; one pass is made in any case.
        backend: computes the gradients, in batches whose borders do not depend on it.

    Raises:
        LookupError: an operation of the function has no gradient.
    """
    points_of_call = max(1, rows_per_call(rows, floats_per_row, memory_bytes, _MAX_POINTS_OF_CALL))
    sums = PathSums(rows.shape, PathPlan(len(background), seed))
    sampler = PathSampler(f, rows, background, seed, targets)
    while len(unfinished := sums.unfinished(tolerance)):
        passes = int(sums.passes.sum()) + len(unfinished)
        if sums.passes.any() and passes * sums.plan.points * GRADIENT_COST > max_evaluations:
            break
        calls, works = tee(batches(sums.blocks(unfinished), points_of_call))
        for blocks, draws in zip(calls, backend.map(sampler, works), strict=True):
            sums.add(blocks, draws)
        sums.passes[unfinished] += 1
    outputs = _evaluated(f, rows, targets, points_of_call)
    base = _base(f, background, targets, len(rows), points_of_call)
    values = sums.values
    gaps = values.sum(axis=1) - (outputs - base)
    evaluations = int(sums.passes.sum()) * sums.plan.points * GRADIENT_COST
    return ExpectedGradients(
        values, sums.errors, gaps, sums.gap_errors, base, outputs, sums.passes, evaluations
    )


class PathSampler:
    """Evaluates gradients along paths; what it returns of blocks depends on its arguments and the blocks alone.

    Args:
        f: the function.
        rows: (rows, columns) float32 or float64, the rows that are explained.
        background: (m, columns), of the same dtype: each row in turn is where a path begins.
        seed: seed of the positions on the paths.
        targets: (rows,) int32, the target of each row; None if the function takes none.
    """

    def __init__(
        self,
        f: BatchFunction,
        rows: np.ndarray,
        background: np.ndarray,
        seed: int,
        targets: np.ndarray | None = None,
    ) -> None:
        self._arguments = f, rows, background, seed, targets
        self._plan = PathPlan(len(background), seed)
        self._dtype = rows.dtype
        self._contributions = _contributions(f, rows, background, targets)

    def __reduce__(self) -> "tuple[type[PathSampler], tuple[Any, ...]]":
        return type(self), self._arguments

    def __call__(self, blocks: list[PathBlock]) -> np.ndarray:
        """Return the means over each draw's points: (DRAWS * blocks, columns) float64."""
        row = np.concatenate([np.full(len(block.positions), block.row, np.int32) for block in blocks])
        reference = np.concatenate([self._plan.reference[block.block] for block in blocks])
        position = np.concatenate([block.positions for block in blocks]).astype(self._dtype)
        return draw_means(blocks, np.asarray(self._contributions(row, reference, position)))


def _contributions(
    f: BatchFunction, rows: np.ndarray, background: np.ndarray, targets: np.ndarray | None
) -> Callable[..., Any]:
    """Return the compiled function from points on paths to each column's contribution there, (points, columns)."""
    tf = tensorflow()
    row_table = tf.constant(rows)
    reference_table = tf.constant(background)
    index = tf.TensorSpec([None], tf.int32)

    def contributions(row: Any, reference: Any, position: Any) -> Any:
        starts = tf.gather(reference_table, reference)
        steps = tf.gather(row_table, row) - starts
        points = starts + position[:, None] * steps
        point_targets = [] if targets is None else [tf.gather(targets, row)]
        with tf.GradientTape() as tape:
            tape.watch(points)
            outputs = f(points, *point_targets)
        return steps * tape.gradient(outputs, points, unconnected_gradients="zero")

    return graph(contributions, [index, index, tf.TensorSpec([None], rows.dtype)])  # type: ignore[no-any-return]


def _base(
    f: BatchFunction, background: np.ndarray, targets: np.ndarray | None, rows: int, step: int
) -> np.ndarray:
    """Return the mean output at the references for each row (rows,)."""
    if targets is None:
        return np.full(rows, _evaluated(f, background, None, step).mean())
    kinds, line = np.unique(targets, return_inverse=True)
    means = [
        _evaluated(f, background, np.full(len(background), kind, np.int32), step).mean() for kind in kinds
    ]
    return np.asarray(np.array(means)[line])


def _evaluated(f: BatchFunction, rows: np.ndarray, targets: np.ndarray | None, step: int) -> np.ndarray:
    tf = tensorflow()
    tables = [rows] if targets is None else [rows, targets]
    compiled = graph(f, [tf.TensorSpec([None, *table.shape[1:]], table.dtype) for table in tables])
    slices = [slice(start, start + step) for start in range(0, len(rows), step)]
    parts = [compiled(*(table[part] for table in tables)).numpy() for part in slices]
    return np.concatenate(parts).astype(np.float64)
