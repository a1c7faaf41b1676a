"""Rejects models whose predictions are not a deterministic function of the row.

Such scores depend on randomness (dropout), on the rest of the batch (batch normalization in training mode) or on
earlier calls. A model that was exported in training mode scores all the same, but what an audit measures would be
neither what was trained nor what is served.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from audit.model.batch_size.dependence import require_no_size_comparison
from audit.model.determinism.comparison import ScoreComparison
from audit.model.model import Model
from audit.model.state.refusal import counting_operations, require_stateless

_SAMPLED_ROWS = 64
_SINGLE_ROWS = 16
_RESCORED_ROWS = 4096
_RESCORED_WIDE_ROWS = 256
"""Rows that are all scored again, fewer where a row has more than `_WIDE_ROW` numbers: a pass must stay cheap."""
_WIDE_ROW = 10_000
_BATCH_SIZES = (2, 7, 33, 130)
"""In turn. Few, as a model may be compiled anew for each; odd ones move a row to another place."""
_DRAWN_SIZES = 4
"""Sizes of batches that nobody can know who does not have both the model and the rows."""


def require_deterministic(
    model: Model, tensors: Mapping[str, Any], raw: np.ndarray, first_row: int = 1
) -> None:
    """Score sampled rows twice, in a smaller batch and singly, then some thousand again, and compare.

    Nondeterminism may affect rare rows only, or batches of some sizes: the rows are scored again in reverse and in
    batches of several sizes. What no number of calls or sizes can show, the graph does. ``raw`` are the scores
    ``(rows, width)`` of all rows of ``tensors`` in one batch.

    Raises:
        AuditError: a row's scores differ by more than rounding, a single row has none, random numbers count calls, or
            the number of rows decides on scores.
    """
    comparison = ScoreComparison(model, tensors, raw, first_row + np.arange(len(raw)))
    _compare_sample(comparison)
    _compare_all(comparison)
    _require_no_counter(model)
    require_no_size_comparison(model)


def _compare_sample(comparison: ScoreComparison) -> None:
    raw = comparison.raw
    rows = _spread(len(raw), _SAMPLED_ROWS)
    few = _spread(len(rows), _SINGLE_ROWS)
    scores = comparison.score(rows)
    comparison.repeated(rows, scores, comparison.score(rows))
    single = comparison.score_singly(rows[few])
    comparison.single(rows[few], single, scores[few], len(rows))
    comparison.single(rows[few], single, raw[rows[few]], len(raw))


def _compare_all(comparison: ScoreComparison) -> None:
    """Compare the scores of up to `_RESCORED_ROWS` rows with those in a batch in reverse, and in small batches."""
    raw = comparison.raw
    is_wide = has_wide_rows(comparison.tensors)
    rows = _spread(len(raw), rescored_rows(comparison.tensors))[::-1]
    sizes = [] if comparison.model.batch else _further_sizes(raw, len(rows) if is_wide else len(raw))
    further = [_spread(len(raw), size)[::-1] for size in sizes]
    for batches in ([rows], small_batches(rows), *([batch] for batch in further)):
        for batch, scores in zip(batches, comparison.score_each(batches), strict=True):
            comparison.reordered(batch, scores, raw[batch], (len(batch), len(raw)))


def has_wide_rows(tensors: Mapping[str, Any]) -> bool:
    """Return whether a row has so many numbers, as an image, that few can be scored again."""
    return sum(tensor.shape[1:].num_elements() or 1 for tensor in tensors.values()) > _WIDE_ROW


def rescored_rows(tensors: Mapping[str, Any]) -> int:
    """Return how many rows of the first batch `require_deterministic` scores again at most."""
    return _RESCORED_WIDE_ROWS if has_wide_rows(tensors) else _RESCORED_ROWS


def small_batches(rows: np.ndarray) -> list[np.ndarray]:
    """Return the rows in batches of a few sizes in turn."""
    ends = np.resize(_BATCH_SIZES, len(rows)).cumsum()
    return np.split(rows, ends[ends < len(rows)])


def _further_sizes(raw: np.ndarray, largest: int) -> list[int]:
    """Return the powers of two up to ``largest`` rows, and some sizes that are drawn from the scores."""
    powers = 2 ** np.arange(2, max(largest, 1).bit_length())
    seed = int.from_bytes(hashlib.sha256(raw.tobytes()).digest()[:8])
    random_sizes = np.exp(np.random.default_rng(seed).uniform(0, np.log(largest), _DRAWN_SIZES)).astype(int)
    return sorted({*powers.tolist(), *random_sizes.tolist()} - {1, *_BATCH_SIZES})


def _spread(rows: int, count: int) -> np.ndarray:
    """Return up to ``count`` row indices at equal distances."""
    return np.unique(np.linspace(0, rows - 1, count).astype(int))


def _require_no_counter(model: Model) -> None:
    """Refuse random numbers that all comparisons missed and that count the calls, as those with a seed do."""
    operations = counting_operations(model.signature.function)
    allowed = model.signature.allowed.operations
    require_stateless(operations, allowed, model.where, "the signature runs seeded random")
