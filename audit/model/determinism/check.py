"""Refuses a model whose score of a row is not the row's own: it hangs on chance, or on the other rows of a batch.

A model that was exported in training mode scores all the same. Dropout then draws anew in every call, and batch
normalization measures a row against its neighbours: what an audit measures would be neither what was trained nor
what is served. Nor would it be where scoring itself changes the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import Any

import numpy as np

from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.determinism.comparison import ScoreComparison
from audit.model.determinism.stateful_ops import writing_operations
from audit.model.model import Model

_TOGETHER, _ALONE = 64, 16
_AGAIN, _AGAIN_LARGE, _LARGE = 4096, 256, 10_000
"""Rows that are all scored again, fewer where a row has more than ``_LARGE`` numbers: a pass must stay cheap."""
_PARTS = (2, 7, 33, 130)
"""Sizes of batches, in turn. Few, as a model may be compiled anew for each; odd ones move a row to another place."""


def require_deterministic(
    model: Model, tensors: Mapping[str, Any], raw: np.ndarray, first_row: int = 1
) -> None:
    """Score sampled rows twice, in a smaller batch and alone, then all rows of some thousand again, and compare.

    What makes a score unsteady may touch rare rows only, or batches of some sizes: the rows are scored again in
    reverse and in parts of several sizes.

    Args:
        model: what is audited.
        tensors: what it is fed: tensors by name, all of as many rows.
        raw: its scores of them all in one batch, ``(rows, width)``.
        first_row: the number of the first of them in the data, for messages.

    Raises:
        AuditError: a row's scores differ by more than rounding, a row alone has none, or scoring changes the model.
    """
    compare = ScoreComparison(model, raw, first_row)
    _compare_sample(model, tensors, raw, compare, first_row)
    _compare_all(model, tensors, raw, compare, first_row)
    _require_unchanged(model)


def _compare_sample(
    model: Model, tensors: Mapping[str, Any], raw: np.ndarray, compare: ScoreComparison, first_row: int
) -> None:
    rows = np.unique(np.linspace(0, len(raw) - 1, _TOGETHER).astype(int))
    few = np.unique(np.linspace(0, len(rows) - 1, _ALONE).astype(int))
    batch = _take(tensors, rows)
    together = model(batch, first_row)
    compare.repeated(rows, together, model(batch, first_row))
    alone = np.concatenate([_alone(model, tensors, row, first_row) for row in rows[few]])
    compare.shared(rows[few], alone, together[few], len(rows))
    compare.shared(rows[few], alone, raw[rows[few]], len(raw))


def _compare_all(
    model: Model, tensors: Mapping[str, Any], raw: np.ndarray, compare: ScoreComparison, first_row: int
) -> None:
    """Compare the scores of all rows, up to a number, with those in a batch in reverse, and in small batches."""
    numbers = sum(tensor.shape[1:].num_elements() or 1 for tensor in tensors.values())
    most = _AGAIN if numbers <= _LARGE else _AGAIN_LARGE
    rows = np.unique(np.linspace(0, len(raw) - 1, most).astype(int))[::-1]
    compare.moved(rows, model(_take(tensors, rows), first_row), raw[rows], (len(rows), len(raw)))
    for start, stop in _parts(len(rows)):
        part = rows[start:stop]
        scores = model(_take(tensors, part), first_row)
        compare.moved(part, scores, raw[part], (len(part), len(raw)))


def _parts(rows: int) -> Iterator[tuple[int, int]]:
    """Yield where parts of `_PARTS` rows start and stop, in turn, until all ``rows`` are in one."""
    start = 0
    for size in cycle(_PARTS):
        if start >= rows:
            return
        yield start, min(start + size, rows)
        start += size


def _require_unchanged(model: Model) -> None:
    """Refuse what writes variables: how its scores change, and when, no number of rows could tell."""
    if writes := writing_operations(model.signature.function):
        raise AuditError(
            where=f"{model.where}: output {model.output!r}",
            expected="scores that do not change the model",
            found=f"the signature writes its variables or tables: {', '.join(writes)}",
            fix="export a signature that only reads them, in inference mode (training=False)",
        )


def _take(tensors: Mapping[str, Any], rows: np.ndarray) -> dict[str, Any]:
    return {name: tensorflow().gather(tensor, rows) for name, tensor in tensors.items()}


def _alone(model: Model, tensors: Mapping[str, Any], row: int, first_row: int) -> np.ndarray:
    try:
        return model(_take(tensors, np.array([row])), first_row + row)
    except AuditError as error:
        raise AuditError(
            where=error.where,
            expected=f"a score for row {first_row + row:,} alone, as in a batch of several rows",
            found=error.found,
            fix="export a signature that takes any number of rows, one as well",
        ) from error
