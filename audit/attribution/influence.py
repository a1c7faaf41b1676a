"""How the choice of the references shows in the features' mean absolute SHAP values."""

from __future__ import annotations

import numpy as np


class Influence:
    """Sums, over rows, of what each reference contributes to a feature's absolute value.

    A row's value is the mean of its contributions over the references; with the value's sign they average to its
    absolute value. How these means vary from reference to reference says how far another draw of as many
    references would have moved them.
    """

    def __init__(self, references: int, features: int) -> None:
        self._sums, self._rows = np.zeros((references, features)), 0

    def add(self, contributions: np.ndarray) -> None:
        """Add some rows' contributions (rows, references, features)."""
        signs = np.sign(contributions.mean(axis=1))
        self._sums += np.einsum("if,irf->rf", signs, contributions)
        self._rows += len(contributions)

    @property
    def by_reference(self) -> np.ndarray:
        """(references, features); the mean over references is the features' mean absolute value."""
        return np.asarray(self._sums / max(1, self._rows))
