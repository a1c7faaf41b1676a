"""What attribution gives: a value for each row and feature, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.frameworks.output_silencing import quiet

if TYPE_CHECKING:
    import shap


@dataclass(frozen=True)
class Attributions:
    """Interventional SHAP values: in each row, ``base + values.sum()`` is the output, to rounding.

    Attributes:
        values: (rows, features) float64, in the unit of the explained function.
        errors: (rows, features) float64, one standard error of each value for these references, whose own
            choice is not in it (see `running_estimate.Running`); 0 where enumerated.
        by_reference: (m, features) float64, what each reference contributes to the features' mean absolute values
            (see `running_estimate.Influence`): how these vary tells how much the choice of the references matters.
        base: mean of the function over the references.
        outputs: (rows,) float64, the function at the rows.
        rounds: (rows,) int, passes over the references that each row took; 0 where enumerated.
        evaluations: rows that the function was asked for, padding to constant shapes not counted.
        method: ``exact`` (all coalitions) or ``permutation`` (sampled).
    """

    values: np.ndarray
    errors: np.ndarray
    by_reference: np.ndarray
    base: float
    outputs: np.ndarray
    rounds: np.ndarray
    evaluations: int
    method: Literal["exact", "permutation"]

    def explanation(self, data: np.ndarray, names: Sequence[str]) -> shap.Explanation:
        """Return the values as shap's plots take them.

        Args:
            data: (rows, features), what to show as the features' values.
            names: of the features, in the order of the columns.
        """
        with quiet():
            import shap
        return shap.Explanation(
            values=self.values,
            base_values=np.full(len(self.values), self.base),
            data=data,
            feature_names=list(names),
            error_std=self.errors,
        )
