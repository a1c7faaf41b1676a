"""Rows with values that no draw has, explained in addition: so it is known what these values add to a feature."""

from collections.abc import Callable, Iterator

import numpy as np

from audit.attribution import Attributions
from audit.checks.explainability.protected_columns import ProtectedColumns
from audit.checks.explainability.rare_values import RareValues, rows_to_explain
from audit.errors import quote_list
from audit.result import Note

_ROWS_A_VALUE = 5
_MAX_SHARE = 0.1
"""Rows that are explained in addition, as a share of the explained rows."""
_MIN_ROWS = 20
"""Rows that may be explained in addition, however few are explained."""


def most_rows(rows: int) -> int:
    """Return how many rows may be explained in addition to as many explained ``rows``."""
    return max(_MIN_ROWS, int(_MAX_SHARE * rows))


def explain_unseen(
    rare: RareValues, attribute: Callable[[np.ndarray], Attributions], rows: int, affordable: float
) -> RareValues:
    """Return the rare values with the masses of those that some row shows which is explained here.

    Args:
        rare: the rare values.
        attribute: returns the attributions of rows of the data, by their indices.
        rows: number of explained rows.
        affordable: number of rows that the budget suffices for.
    """
    max_rows = min(most_rows(rows), max(affordable, 0.0))
    holders = rows_to_explain(rare.values, _ROWS_A_VALUE, int(max_rows))
    if not len(holders):
        return rare
    try:
        attributions = attribute(holders)
    except ValueError:  # the model is not finite there
        return rare
    magnitudes = dict(zip(holders.tolist(), np.abs(attributions.values), strict=True))
    return rare.with_magnitudes(magnitudes, attributions.evaluations)


def notes_on_unseen(rare: RareValues, names: list[str], protected: ProtectedColumns) -> Iterator[Note]:
    """Yield how many rows were explained in addition, and the features whose limits stay open.

    Args:
        rare: the rare values.
        names: names of the features.
        protected: the columns of each attribute, whose shares are open as well.
    """
    if rare.additional_rows:
        yield Note(
            text=f"Number of values that at least one in {len(rare.unrepresented):,} rows has, but no explained row "
            f"and no reference row: {len(rare.values):,}. Number of rows with such values that were explained "
            f"in addition, for the upper limits alone: {rare.additional_rows:,}."
        )
    features = [names[place] for place in np.flatnonzero(rare.unseen)]
    if features:
        attributes = [name for name, columns in protected.items() if not columns.keys().isdisjoint(features)]
        yield Note(
            text=f"The limits of {quote_list(features)} are open above: a value that at least one in "
            f"{len(rare.unrepresented):,} rows has is in no explained row and no reference row, and no row with it "
            "could be explained in addition. Raise checks.explainability.budget, or merge rare values.",
            about={"feature": [*features], "attribute": [*attributes]},
            bounds=True,
        )
