"""Evaluates a function on masked rows: features of the row inside a coalition, of a reference outside.

Shapley values weigh a coalition and its complement by opposite numbers, so both are always evaluated
together, from one mask. Masking and the function are one compiled graph: masked rows never leave it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from audit.frameworks.tensorflow_loader import tensorflow

T = TypeVar("T")

Value = Callable[[Any], Any]
"""(n, columns) float tensor to (n,) float tensor; traceable by ``tf.function``."""

_MOST_ROWS = 262_144
"""Of a call, however much memory they may take: more are not faster."""

_CALLS = 3
"""Under way at once: while TensorFlow masks on one core, and numpy draws and sums on one, a model computes."""


@dataclass(frozen=True)
class Scheme:
    """How coalitions are numbered.

    Attributes:
        inside: of features' keys and coalitions' levels (int32 arrays that broadcast), which features are
            inside; none at key 0 and level 0.
        levels: the coalitions that each pair of row and reference is asked for, complements not counted.
        draws: how often a row meets each reference at a time, with other keys.
    """

    inside: Callable[[np.ndarray, np.ndarray], np.ndarray]
    levels: int
    draws: int


class Coalitions:
    """The function to be explained, at chosen pairs of a row and a reference.

    Args:
        value: the function.
        x: (rows, columns) float32 or float64, the rows to be explained.
        references: (m, columns), of the same dtype.
        players: (columns,) int, the feature that each column belongs to.
        scheme: says which features a coalition keeps.
        width: numbers that the function holds for a row, at most.
        memory: bytes of the widest tensor of one call.
    """

    def __init__(
        self,
        value: Value,
        x: np.ndarray,
        references: np.ndarray,
        players: np.ndarray,
        scheme: Scheme,
        width: int,
        memory: int,
    ) -> None:
        tf = tensorflow()
        row = x.itemsize * max(width, x.shape[1])
        room = max(1, min(memory // row, _MOST_ROWS) // 2)  # a mask makes two rows
        self.levels = max(1, min(scheme.levels, room))
        self.pairs = min(len(x) * len(references) * scheme.draws, room // self.levels)
        self.rows = max(1, self.pairs // (len(references) * scheme.draws))
        self._players = players
        self._tables = tf.constant(x), tf.constant(references)
        self._inside = scheme.inside
        self._outputs = _graph(value, x)

    def by_groups(self, work: Callable[[np.ndarray], T], rows: np.ndarray) -> Iterator[tuple[np.ndarray, T]]:
        """Yield groups of rows, each of which fills a call, with the results of ``work``."""
        groups = np.array_split(rows, range(self.rows, len(rows), self.rows))
        pool = ThreadPoolExecutor(_CALLS)
        try:
            yield from zip(groups, pool.map(work, groups), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)  # after an error or an interrupt nobody waits for the rest

    def __call__(
        self, row: np.ndarray, reference: np.ndarray, keys: np.ndarray, levels: np.ndarray
    ) -> np.ndarray:
        """Evaluate every pair at every level.

        Args:
            row: (pairs,) int32, indices into the rows.
            reference: (pairs,) int32, indices into the references.
            keys: (pairs, features) int32.
            levels: (levels,) int32, at least one.

        Returns:
            Read-only (2, levels, pairs), in the function's dtype: of the coalition and of its complement.
        """
        pairs = [slice(start, start + self.pairs) for start in range(0, len(row), self.pairs)]
        sizes = [slice(start, start + self.levels) for start in range(0, len(levels), self.levels)]
        return _joined(
            [
                _joined([self._call(row[p], reference[p], keys[p], levels[s]) for s in sizes], 1)
                for p in pairs
            ],
            2,
        )

    def _call(
        self, row: np.ndarray, reference: np.ndarray, keys: np.ndarray, levels: np.ndarray
    ) -> np.ndarray:
        inside = self._inside(keys[:, self._players].reshape(1, -1), levels[:, None])
        return np.asarray(self._outputs(*self._tables, row, reference, inside))


def _joined(parts: list[np.ndarray], axis: int) -> np.ndarray:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis)


def _graph(value: Value, x: np.ndarray) -> Callable[..., Any]:
    """Return the compiled function of both tables, indices and masks (levels, pairs * columns).

    Pairs and columns are one axis until the rows are masked: TensorFlow broadcasts over leading axes
    several times faster than over middle ones. The masks come from numpy, which compares faster.
    """
    tf = tensorflow()
    table, index = tf.TensorSpec([None, x.shape[1]], x.dtype), tf.TensorSpec([None], tf.int32)
    signature = [table, table, index, index, tf.TensorSpec([None, None], tf.bool)]

    def outputs(x: Any, references: Any, row: Any, reference: Any, inside: Any) -> Any:
        own = tf.reshape(tf.gather(x, row), [1, -1])
        other = tf.reshape(tf.gather(references, reference), [1, -1])
        masked = tf.where(inside, tf.stack([own, other]), tf.stack([other, own]))
        values = value(tf.reshape(masked, [-1, x.shape[1]]))
        return tf.reshape(values, [2, tf.shape(inside)[0], tf.shape(row)[0]])

    graph = tf.function(outputs, input_signature=signature, autograph=False)
    return graph  # type: ignore[no-any-return]
