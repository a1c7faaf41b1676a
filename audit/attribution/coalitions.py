"""Evaluates a function on masked rows: features inside a coalition come from the row, the others from a reference.

Shapley values weigh a coalition and its complement by opposite numbers: they are weighted sums of the contrasts of
both, evaluated together, from one mask. Masking and the function are one compiled graph: masked rows never leave it.
The two coalitions that all rows share, none of the row (the reference) and all of it, are evaluated once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np

from audit.frameworks.tensorflow_loader import graph, tensorflow

BatchFunction = Callable[..., Any]
"""(n, columns) float tensor to (n,) float tensor; traceable by ``tf.function``.

Where rows have targets, such as classes of which one is explained, it takes (n,) int32 targets as a second argument.
"""

MaskFunction = Callable[[slice, slice], np.ndarray]
"""Maps a slice of pairs and a slice of coalitions to the columns inside: bool (coalitions, pairs * columns)."""

_MAX_ROWS_OF_CALL = 262_144
"""Larger calls are not faster, however much memory they may take."""


def rows_per_call(
    rows: np.ndarray, floats_per_row: int, memory_bytes: int, limit: int = _MAX_ROWS_OF_CALL
) -> int:
    """Return how many rows like ``rows`` the widest tensor of a call may hold."""
    row_bytes = rows.itemsize * max(floats_per_row, rows.shape[1])
    return min(memory_bytes // int(row_bytes), limit)


@dataclass(frozen=True)
class Ends:
    """Outputs of the function at the rows and at the references.

    Attributes:
        rows: (rows,) float64.
        references: (targets, m) float64: one line, unless rows have different targets.
        line: (rows,) int, the line of ``references`` that a row is compared with.
        rounding: spacing of the function's own floating-point numbers at its largest output.
        evaluations: number of rows that the function was evaluated on.
    """

    rows: np.ndarray
    references: np.ndarray
    line: np.ndarray
    rounding: float
    evaluations: int

    @property
    def reference_count(self) -> int:
        """Number of references, m."""
        return int(self.references.shape[1])

    @property
    def base(self) -> np.ndarray:
        """Mean output at the references for each row, (rows,)."""
        return np.asarray(self.references.mean(1)[self.line])

    def contrasts(self, row: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """Return the outputs at rows minus those at references, both given by index: (pairs,)."""
        return np.asarray(self.rows[row] - self.references[self.line[row], reference])


class MaskedGraph:
    """A function of masked rows, compiled once for all attributions of rows with as many columns.

    ``compiled(columns, dtype, has_targets)`` is the function of rows, references, targets, the indices of pairs, and
    masks (coalitions, pairs * columns). Pairs and columns are one axis until the rows are masked: TensorFlow
    broadcasts over leading axes several times faster than over middle ones. The masks come from numpy, which compares
    faster.
    """

    def __init__(self, f: BatchFunction) -> None:
        self._f = f
        self.compiled = cache(self._compile)

    def __reduce__(self) -> "tuple[type[MaskedGraph], tuple[BatchFunction]]":
        return type(self), (self._f,)

    def _compile(self, columns: int, dtype: np.dtype, has_targets: bool) -> Callable[..., Any]:
        tf = tensorflow()
        table = tf.TensorSpec([None, columns], dtype)
        index = tf.TensorSpec([None], tf.int32)

        def outputs(rows: Any, background: Any, targets: Any, row: Any, reference: Any, inside: Any) -> Any:
            row_values = tf.reshape(tf.gather(rows, row), [1, -1])
            reference_values = tf.reshape(tf.gather(background, reference), [1, -1])
            both = tf.stack([row_values, reference_values])
            masked = tf.where(inside, both, tf.stack([reference_values, row_values]))
            points = tf.reshape(masked, [-1, columns])
            point_targets = (
                [tf.tile(tf.gather(targets, row), [2 * tf.shape(inside)[0]])] if has_targets else []
            )
            values = self._f(points, *point_targets)
            return tf.reshape(values, [2, tf.shape(inside)[0], tf.shape(row)[0]])

        signature = [table, table, index, index, index, tf.TensorSpec([None, None], tf.bool)]
        return graph(outputs, signature)  # type: ignore[no-any-return]


class MaskedFunction:
    """A function evaluated on masked rows, for pairs of a row and a reference.

    Args:
        f: the function.
        rows: (rows, columns) float32 or float64, the rows that are explained.
        background: (m, columns), the references, of the same dtype.
        rows_of_call: most masked rows of one call.
        targets: (rows,) int32, the target of each row; None if the function takes none.
    """

    def __init__(
        self,
        f: MaskedGraph,
        rows: np.ndarray,
        background: np.ndarray,
        rows_of_call: int,
        targets: np.ndarray | None = None,
    ) -> None:
        tf = tensorflow()
        self.rows, self.background = rows, background
        self.masks_of_call = max(1, rows_of_call // 2)  # a mask makes two rows
        self._arguments = f, rows, background, rows_of_call, targets
        self._targets = np.zeros(len(rows), np.int32) if targets is None else targets
        self._tables = tf.constant(rows), tf.constant(background), tf.constant(self._targets)
        self._outputs = f.compiled(rows.shape[1], rows.dtype, targets is not None)

    def __reduce__(self) -> "tuple[type[MaskedFunction], tuple[Any, ...], dict[str, Ends]]":
        """Another process compiles the function again; it need not evaluate the ends."""
        return type(self), self._arguments, {"ends": self.ends}

    @cached_property
    def ends(self) -> Ends:
        """Outputs at every row and every reference, evaluated once.

        They go through the graph of the masked rows: another one could round otherwise, and a feature that
        the function ignores would not get exactly 0.

        Raises:
            ValueError: the function is not finite at a row or a reference.
        """
        rows, references = len(self.rows), len(self.background)
        _, first, line = np.unique(self._targets, return_index=True, return_inverse=True)
        at_references, at_rows = self._evaluate_ends(np.arange(max(rows, references)) % rows)
        lines = (
            [at_references]
            if len(first) == 1
            else [self._evaluate_ends(np.full(references, row))[0] for row in first]
        )
        at_references = np.stack([outputs[:references] for outputs in lines])
        at_rows = at_rows[:rows]
        for name, values in (("reference", at_references), ("row", at_rows)):
            for at in np.argwhere(~np.isfinite(values))[:1]:
                value = values[tuple(at)]
                raise ValueError(f"the function is {value} at {name} {at[-1]}, so it cannot be attributed")
        rounding = np.spacing(max(abs(at_rows).max(), abs(at_references).max()))
        evaluations = end_evaluations(rows, references, len(first))
        return Ends(
            at_rows.astype(np.float64), at_references.astype(np.float64), line, float(rounding), evaluations
        )

    def _evaluate_ends(self, row: np.ndarray) -> np.ndarray:
        """Return the outputs at the references, taken in turn, and at the rows with the indices ``row``: (2, rows)."""
        reference = np.arange(len(row), dtype=np.int32) % len(self.background)
        columns = self.rows.shape[1]

        def outside(pairs: slice, _: slice) -> np.ndarray:
            return np.zeros((1, len(row[pairs]) * columns), bool)

        values = np.empty((2, len(row)), self.rows.dtype)
        for call in self._calls(row.astype(np.int32), reference, outside, 1):
            values[:, call.pairs] = call.outputs[:, 0]
        return values

    def contrasts(
        self, row: np.ndarray, reference: np.ndarray, inside: MaskFunction, coalitions: int
    ) -> np.ndarray:
        """Return the output of each pair at each coalition minus that at its complement: (coalitions, pairs) float64.

        Pairs are indices ``row`` and ``reference``, both (pairs,) int32.

        Raises:
            ValueError: the function is not finite; the message has the indices of the row and the reference.
        """
        differences = np.empty((coalitions, len(row)))
        for call in self._calls(row, reference, inside, coalitions):
            with_row, without = call.outputs
            np.subtract(with_row, without, out=differences[call.coalitions, call.pairs], dtype=np.float64)
        if not np.isfinite(differences).all():
            at = np.flatnonzero(~np.isfinite(differences).all(axis=0))[0]
            raise ValueError(
                f"the function is not finite where row {row[at]} is mixed with reference {reference[at]}"
            )
        return differences

    def pairs_of_call(self, coalitions: int) -> int:
        """Return how many pairs, of as many coalitions each, are evaluated in a call."""
        return max(1, self.masks_of_call // max(1, coalitions))

    def _calls(
        self, row: np.ndarray, reference: np.ndarray, inside: MaskFunction, coalitions: int
    ) -> Iterator["_Call"]:
        """Evaluate every pair at every coalition, and at its complement."""
        for p in _slices(len(row), self.pairs_of_call(coalitions)):
            for s in _slices(coalitions, self.masks_of_call):
                outputs = self._outputs(*self._tables, row[p], reference[p], inside(p, s))
                yield _Call(p, s, np.asarray(outputs))


class _Call(NamedTuple):
    """Outputs of a call of some pairs at some coalitions, (2, coalitions, pairs): inside, and the complements."""

    pairs: slice
    coalitions: slice
    outputs: np.ndarray


def end_evaluations(rows: int, references: int, targets: int = 1) -> int:
    """Return the number of rows that the function is evaluated on for the ends."""
    return 2 * max(rows, references) + (2 * references * targets if targets > 1 else 0)


def _slices(length: int, step: int) -> list[slice]:
    return [slice(start, start + step) for start in range(0, length, step)]
