"""The vocabulary of a text column: the distinct texts of its sampled rows, over several sources."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audit.data.arrow_columns import Codes


class VocabularyBuilder:
    """Assigns one code to each text of a column; only texts of sampled rows enter."""

    def __init__(self) -> None:
        self._code_of: dict[str, int] = {}

    def codes(self, batch: Codes, rows: np.ndarray) -> np.ndarray:
        """Return the codes of some rows of a batch."""
        batch_codes = batch.codes[rows]
        lookup = np.zeros(len(batch.vocabulary), int)
        for code in np.flatnonzero(np.bincount(batch_codes, minlength=len(lookup))):
            lookup[code] = self._code_of.setdefault(batch.vocabulary[code], len(self._code_of))
        return np.asarray(lookup[batch_codes])

    def finish(self, columns: Sequence[np.ndarray]) -> list[str]:
        """Return the texts that occur in ``columns``, sorted, and replace the codes there by their ranks.

        Rows that were drawn for a while have left texts behind, in the order of batches.
        """
        texts = list(self._code_of)
        used = np.unique(np.concatenate(columns).astype(int))
        order = sorted(used, key=texts.__getitem__)
        ranks = np.zeros(len(texts), int)
        ranks[order] = np.arange(len(order))
        for column in columns:
            column[:] = ranks[column.astype(int)]
        return [texts[code] for code in order]
