"""Which of the model's columns stand for a protected attribute, by their names or by their values."""

from __future__ import annotations

from collections.abc import Mapping

from audit.checks.explainability.same_groups import same_groups
from audit.data.protected_attributes import Attribute
from audit.policy.model import Protected
from audit.result import Note
from audit.subject.subject import Subject

_SEPARATORS = ("_", "=", "-", ".", ":", " ", "__")

OWN, ONE_HOT, SAME = "its own column", "one-hot column", "same groups as the attribute"

Found = dict[str, dict[str, str]]
"""For each attribute and intersection the columns that the model reads of it, and how each was found."""


def protected_columns(subject: Subject) -> Found:
    """Return the columns that the model reads of each attribute; an intersection has those of all its attributes.

    A column is found by its name, whatever its case: that of the attribute, one that the policy lists under
    ``columns``, or the attribute's with that of a group, such as ``sex_Male`` or ``sex=Male``. It is found by
    its values where in the sampled rows they part the rows as the attribute does: see `same_groups`. Pictures
    are no such column.
    """
    data = subject.policy.data
    attributes = {attribute.name: attribute for attribute in subject.attributes}
    found = {name: _columns(attributes[name], spec, subject) for name, spec in data.protected.items()}
    for names in data.intersections:
        found["*".join(names)] = {c: how for name in names for c, how in found[name].items()}
    return found


def unread(found: Found, protected: Mapping[str, Protected], hidden: bool) -> Note | None:
    """Return what a share of exactly 0 does not say, or None where every attribute has columns.

    With ``hidden``, the model reads pictures or prose, which may show an attribute: then no share is measured.
    """
    names = " or ".join(name for name in protected if not found[name])
    if not names:
        return None
    if hidden:
        return Note(
            text=f"protected_share was not measured for {names}: the model reads pictures or texts, and what of an "
            "attribute shows in them is no column of its own."
        )
    return Note(
        text=f"No column that the model reads is named after or has the same groups as {names}; "
        "what other columns tell of it is not in protected_share."
    )


def _columns(attribute: Attribute, spec: Protected, subject: Subject) -> dict[str, str]:
    if subject.pictures:
        return {}
    known, features = _names(attribute, spec), subject.features
    codes = attribute.codes[features.data.index]
    found = {}
    for column, values in zip(features.columns, features.data.matrix.T, strict=True):
        binned = bool(spec.bins) and column.vocabulary is None
        if how := known.get(column.name.casefold()):
            found[column.name] = how
        elif same_groups(values, codes, binned):
            found[column.name] = SAME
    return found


def _names(attribute: Attribute, spec: Protected) -> dict[str, str]:
    """Return how a column is found, by its name in one case."""
    one_hot = [
        f"{attribute.name}{separator}{group}" for separator in _SEPARATORS for group in attribute.groups
    ]
    listed = (spec.columns or {}).values()
    return {name.casefold(): ONE_HOT for name in [*listed, *one_hot]} | {attribute.name.casefold(): OWN}
