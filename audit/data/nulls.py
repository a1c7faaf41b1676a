"""Nulls of features: what the serving path sends for them, and the marks of values that it leaves out."""

from collections.abc import Mapping

from audit.policy.model import Absent
from audit.result import Scalar

Missing = Mapping[str, Scalar | Absent]
"""The replacement of nulls by column; ``*`` stands for all columns that are not named."""

OTHERS = "*"

ABSENT_TEXT = "(absent)\u2060"
"""The mark of a text that is left out. No data hold it by chance: it ends in an invisible character."""

ABSENT_INTEGER = -(2**63)
"""The mark of a whole number that is left out; among floating-point numbers it is NaN."""


def replacement(missing: Missing, column: str) -> Scalar | Absent | None:
    """Return what stands for a null of ``column``, None if nothing does."""
    return missing.get(column, missing.get(OTHERS))
