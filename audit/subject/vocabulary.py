"""The texts of one column over several sources, and their codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audit.data.arrow_columns import Codes


class Vocabulary:
    """Gives each text of a column one code; only texts of sampled rows come in."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def codes(self, found: Codes, rows: np.ndarray) -> np.ndarray:
        """Return the codes of some rows of a batch."""
        codes = found.codes[rows]
        lookup = np.zeros(len(found.vocabulary), int)
        for code in np.flatnonzero(np.bincount(codes, minlength=len(lookup))):
            lookup[code] = self._known.setdefault(found.vocabulary[code], len(self._known))
        return np.asarray(lookup[codes])

    def settle(self, columns: Sequence[np.ndarray]) -> list[str]:
        """Return the texts that occur in ``columns``, sorted, and put their places there in for their codes.

        Rows that were drawn for a while have left texts behind, in the order of batches.
        """
        texts = list(self._known)
        used = np.unique(np.concatenate(columns).astype(int))
        order = sorted(used, key=texts.__getitem__)
        places = np.zeros(len(texts), int)
        places[order] = np.arange(len(order))
        for column in columns:
            column[:] = places[column.astype(int)]
        return [texts[code] for code in order]
