"""Rejects models whose predictions are not a deterministic function of the row.

Such scores depend on randomness (dropout), on the rest of the batch (batch normalization in training mode) or on
earlier calls. A model that was exported in training mode scores all the same, but what an audit measures would be
neither what was trained nor what is served.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from audit.errors import AuditError
from audit.model.determinism.comparison import ScoreComparison
from audit.model.graph.traversal import nodes_with_callees
from audit.model.model import Model

_SAMPLED_ROWS = 64
_SINGLE_ROWS = 16
_RESCORED_ROWS = 4096
_RESCORED_WIDE_ROWS = 256
"""Rows that are all scored again, fewer where a row has more than `_WIDE_ROW` numbers: a pass must stay cheap."""
_WIDE_ROW = 10_000
_BATCH_SIZES = (2, 7, 33, 130)
"""In turn. Few, as a model may be compiled anew for each; odd ones move a row to another place."""
_WRITES = re.compile(
    r"Assign(?:Add|Sub)?(?:VariableOp)?"
    r"|(?:Resource)?StridedSliceAssign"
    r"|(?:Resource)?(?:Sparse)?Apply[A-Z]\w*"
    r"|(?:Resource)?Scatter(?:Nd)?(?:Add|Sub|Mul|Div|Min|Max|Update)"
    r"|(?:Resource)?CountUpTo"
    r"|LookupTable(?:Insert|Import|Remove)(?:V2)?"
)
"""Of variables by resource and by reference, and of tables: the names in TensorFlow's registry of operations."""


def require_deterministic(
    model: Model, tensors: Mapping[str, Any], raw: np.ndarray, first_row: int = 1
) -> None:
    """Score sampled rows twice, in a smaller batch and singly, then some thousand again, and compare.

    Nondeterminism may affect rare rows only, or batches of some sizes: the rows are scored again in reverse and in
    batches of several sizes. ``raw`` are the scores ``(rows, width)`` of all rows of ``tensors`` in one batch.

    Raises:
        AuditError: a row's scores differ by more than rounding, a single row has none, or scoring changes the model.
    """
    comparison = ScoreComparison(model, tensors, raw, first_row)
    _compare_sample(comparison)
    _compare_all(comparison)
    _require_unchanged(model)


def _compare_sample(comparison: ScoreComparison) -> None:
    raw = comparison.raw
    rows = _spread(len(raw), _SAMPLED_ROWS)
    few = _spread(len(rows), _SINGLE_ROWS)
    scores = comparison.score(rows)
    comparison.repeated(rows, scores, comparison.score(rows))
    single = np.concatenate([_score_singly(comparison, row) for row in rows[few]])
    comparison.single(rows[few], single, scores[few], len(rows))
    comparison.single(rows[few], single, raw[rows[few]], len(raw))


def _compare_all(comparison: ScoreComparison) -> None:
    """Compare the scores of up to `_RESCORED_ROWS` rows with those in a batch in reverse, and in small batches."""
    raw = comparison.raw
    numbers = sum(tensor.shape[1:].num_elements() or 1 for tensor in comparison.tensors.values())
    rows = _spread(len(raw), _RESCORED_ROWS if numbers <= _WIDE_ROW else _RESCORED_WIDE_ROWS)[::-1]
    ends = np.resize(_BATCH_SIZES, len(rows)).cumsum()
    for batch in (rows, *np.split(rows, ends[ends < len(rows)])):
        comparison.reordered(batch, comparison.score(batch), raw[batch], (len(batch), len(raw)))


def _spread(rows: int, count: int) -> np.ndarray:
    """Return up to ``count`` row indices at equal distances."""
    return np.unique(np.linspace(0, rows - 1, count).astype(int))


def _require_unchanged(model: Model) -> None:
    """Refuse a signature that writes variables: no number of rows could show how and when its scores change."""
    if writes := _writing_operations(model.signature.function):
        raise AuditError(
            where=f"{model.where}: output {model.output!r}",
            expected="scores that do not change the model",
            found=f"the signature writes its variables or tables: {', '.join(writes)}",
            fix="export a signature that only reads them, in inference mode (training=False)",
        )


def _writing_operations(function: Any) -> list[str]:
    """Return the types of the operations by which a call of a ConcreteFunction changes the model, sorted.

    Functions that it calls are included, and so are branches that it may never take. Initializers are not: they are
    functions of their own, which run once when a model is loaded.
    """
    graph = function.graph.as_graph_def()
    operations = {node.op for node in nodes_with_callees(graph.node, graph.library)}
    return sorted(name for name in operations if _WRITES.fullmatch(name))


def _score_singly(comparison: ScoreComparison, row: int) -> np.ndarray:
    number = comparison.first_row + row
    try:
        return comparison.score(np.array([row]), number)
    except AuditError as error:
        raise AuditError(
            where=error.where,
            expected=f"a score for row {number:,} alone, as in a batch of several rows",
            found=error.found,
            fix="export a signature that takes any number of rows, one as well",
        ) from error
