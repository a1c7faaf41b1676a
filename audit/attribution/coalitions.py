"""Evaluates a function on masked rows: features inside a coalition come from the row, the others from a reference.

Shapley values weigh a coalition and its complement by opposite numbers: they are weighted sums of the contrasts of
both, evaluated together, from one mask. Masking and the function are one compiled graph: masked rows never leave it.
The two coalitions that all rows share, none of the row (the reference) and all of it, are evaluated once.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from audit.frameworks.tensorflow_loader import graph, tensorflow

T = TypeVar("T")

BatchFunction = Callable[..., Any]
"""(n, columns) float tensor to (n,) float tensor; traceable by ``tf.function``.

Where rows have targets, such as classes of which one is explained, it takes (n,) int32 targets as a second argument.
"""

_MAX_ROWS_OF_CALL = 262_144
"""Larger calls are not faster, however much memory they may take."""

_CONCURRENT_CALLS = 3
"""While TensorFlow masks on one core, and numpy draws and sums on one, a model computes."""


@dataclass(frozen=True)
class CoalitionScheme:
    """Numbering of coalitions.

    Attributes:
        inside: which features are inside, for features' keys and coalitions' levels (int32 arrays that broadcast);
            none at key 0 and level 0.
        levels: number of coalitions evaluated for each pair of row and reference, complements not counted.
        draws: number of times that a row meets each reference in a pass, with different keys.
    """

    inside: Callable[[np.ndarray, np.ndarray], np.ndarray]
    levels: int
    draws: int


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
    """

    rows: np.ndarray
    references: np.ndarray
    line: np.ndarray
    rounding: float

    @property
    def reference_count(self) -> int:
        """Number of references, m."""
        return int(self.references.shape[1])

    @property
    def base(self) -> np.ndarray:
        """Mean output at the references for each row, (rows,)."""
        return np.asarray(self.references.mean(1)[self.line])


class Coalitions:
    """A function evaluated on masked rows, at chosen pairs of a row and a reference.

    Args:
        f: the function.
        rows: (rows, columns) float32 or float64, the rows that are explained.
        background: (m, columns), the references, of the same dtype.
        feature_of_column: (columns,) int, the feature that each column belongs to.
        scheme: numbering of the coalitions.
        rows_of_call: most masked rows of one call.
        targets: (rows,) int32, the target of each row; None if the function takes none.
    """

    def __init__(
        self,
        f: BatchFunction,
        rows: np.ndarray,
        background: np.ndarray,
        feature_of_column: np.ndarray,
        scheme: CoalitionScheme,
        rows_of_call: int,
        targets: np.ndarray | None = None,
    ) -> None:
        tf = tensorflow()
        masks = max(1, rows_of_call // 2)  # a mask makes two rows
        pairs_per_row = len(background) * scheme.draws
        self._levels_per_call = max(1, min(scheme.levels, masks))
        self._pairs_per_call = min(len(rows) * pairs_per_row, masks // self._levels_per_call)
        self._rows_per_group = max(1, self._pairs_per_call // pairs_per_row)
        self._feature_of_column = feature_of_column
        self._tables = tf.constant(rows), tf.constant(background)
        self._inside = scheme.inside
        self._targets = np.zeros(len(rows), np.int32) if targets is None else targets
        self._outputs = _masked_function(f, rows, targets)

    def by_groups(self, work: Callable[[np.ndarray], T], rows: np.ndarray) -> Iterator[tuple[np.ndarray, T]]:
        """Yield groups of rows, each of which fills a call, with the results of ``work``."""
        groups = np.array_split(rows, range(self._rows_per_group, len(rows), self._rows_per_group))
        pool = ThreadPoolExecutor(_CONCURRENT_CALLS)
        try:
            yield from zip(groups, pool.map(work, groups), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)  # after an error or an interrupt nobody waits for the rest

    @cached_property
    def ends(self) -> Ends:
        """Outputs at every row and every reference, evaluated once.

        They go through the graph of the masked rows: another one could round otherwise, and a feature that
        the function ignores would not get exactly 0.

        Raises:
            ValueError: the function is not finite at a row or a reference.
        """
        rows, references = (len(table) for table in self._tables)
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
        return Ends(at_rows.astype(np.float64), at_references.astype(np.float64), line, float(rounding))

    def _evaluate_ends(self, row: np.ndarray) -> np.ndarray:
        """Return the outputs at the references, taken in turn, and at the rows with the indices ``row``: (2, rows)."""
        reference = np.arange(len(row), dtype=np.int32) % len(self._tables[1])
        keys = np.zeros((len(row), int(self._feature_of_column.max()) + 1), np.int32)
        return self._evaluate(row.astype(np.int32), reference, keys, np.zeros(1, np.int32))[:, 0]

    def contrasts(self, group: np.ndarray, keys: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Evaluate rows against every reference: (levels + 2, rows * m * draws), from no feature inside to all.

        Args:
            group: (rows,), indices of rows.
            keys: (rows * m * draws, features) int32, in this order.
            levels: (levels,) int32, without 0.

        Raises:
            ValueError: the function is not finite; the message has the index of the row.
        """
        m = self.ends.reference_count
        row = np.repeat(group.astype(np.int32), len(keys) // len(group))
        reference = np.tile(np.repeat(np.arange(m, dtype=np.int32), len(row) // len(group) // m), len(group))
        differences = np.empty((len(levels) + 2, len(row)))
        at_references = self.ends.references[self.ends.line[row], reference]
        np.subtract(self.ends.rows[row], at_references, out=differences[-1])
        np.negative(differences[-1], out=differences[0])
        if len(levels):
            inside, outside = self._evaluate(row, reference, keys, levels)
            np.subtract(inside, outside, out=differences[1:-1], dtype=np.float64)
        if not np.isfinite(differences).all():
            at = np.flatnonzero(~np.isfinite(differences).all(axis=0))[0]
            raise ValueError(
                f"the function is not finite where row {row[at]} is mixed with reference {reference[at]}"
            )
        return differences

    def _evaluate(
        self, row: np.ndarray, reference: np.ndarray, keys: np.ndarray, levels: np.ndarray
    ) -> np.ndarray:
        """Evaluate the coalition of every pair at every level, and its complement: (2, levels, pairs), read-only.

        Pairs are indices ``row`` and ``reference``, (pairs,) int32, with ``keys`` (pairs, features).
        """
        parts = []
        for p in _slices(len(row), self._pairs_per_call):
            column_keys = keys[p][:, self._feature_of_column].reshape(1, -1)
            calls = []
            for s in _slices(len(levels), self._levels_per_call):
                inside = self._inside(column_keys, levels[s, None])
                calls.append(np.asarray(self._outputs(*self._tables, row[p], reference[p], inside)))
            parts.append(_joined(calls, 1))
        return _joined(parts, 2)


def _slices(length: int, step: int) -> list[slice]:
    return [slice(start, start + step) for start in range(0, length, step)]


def _joined(parts: list[np.ndarray], axis: int) -> np.ndarray:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis)


def _masked_function(f: BatchFunction, rows: np.ndarray, targets: np.ndarray | None) -> Callable[..., Any]:
    """Return the compiled function of both tables, indices and masks (levels, pairs * columns).

    Pairs and columns are one axis until the rows are masked: TensorFlow broadcasts over leading axes
    several times faster than over middle ones. The masks come from numpy, which compares faster.
    """
    tf = tensorflow()
    table = tf.TensorSpec([None, rows.shape[1]], rows.dtype)
    index = tf.TensorSpec([None], tf.int32)

    def outputs(rows: Any, background: Any, row: Any, reference: Any, inside: Any) -> Any:
        row_values = tf.reshape(tf.gather(rows, row), [1, -1])
        reference_values = tf.reshape(tf.gather(background, reference), [1, -1])
        both = tf.stack([row_values, reference_values])
        masked = tf.where(inside, both, tf.stack([reference_values, row_values]))
        points = tf.reshape(masked, [-1, rows.shape[1]])
        point_targets = (
            [] if targets is None else [tf.tile(tf.gather(targets, row), [2 * tf.shape(inside)[0]])]
        )
        values = f(points, *point_targets)
        return tf.reshape(values, [2, tf.shape(inside)[0], tf.shape(row)[0]])

    signature = [table, table, index, index, tf.TensorSpec([None, None], tf.bool)]
    return graph(outputs, signature)  # type: ignore[no-any-return]
