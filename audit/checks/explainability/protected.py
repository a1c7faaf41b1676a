"""Which of the model's columns stand for a protected attribute: the column itself, or its one-hot columns."""

from __future__ import annotations

from collections.abc import Sequence

from audit.data.groups import Attribute
from audit.policy.model import DataSpec

_SEPARATORS = ("_", "=", "-", ".", ":", " ", "__")

OWN, ONE_HOT = "its own column", "one-hot column"


def protected_columns(
    data: DataSpec, attributes: Sequence[Attribute], columns: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return for each attribute and intersection the columns that the model reads of it, and how each was found.

    One-hot columns are those that the policy lists under ``columns``, and those named after the attribute and one
    of its groups, such as ``sex_Male`` or ``sex=Male``. An intersection has the columns of all its attributes.
    """
    groups = {attribute.name: attribute.groups for attribute in attributes}
    found = {}
    for name, spec in data.protected.items():
        one_hot = set((spec.columns or {}).values())
        one_hot |= {f"{name}{separator}{group}" for separator in _SEPARATORS for group in groups[name]}
        found[name] = {c: OWN if c == name else ONE_HOT for c in columns if c == name or c in one_hot}
    for names in data.intersections:
        found["*".join(names)] = {c: how for name in names for c, how in found[name].items()}
    return found
