"""Columns of the model that carry a protected attribute, by their names or by their values."""

from collections.abc import Mapping

import numpy as np

from audit.data.protected_attributes import Attribute
from audit.policy.model import Protected
from audit.result import Note, Scalar
from audit.subject.subject import Subject

_MIN_ROWS = 50
"""Rows below which two columns may agree by chance."""
_MIN_ROWS_PER_VALUE = 10
"""A number with fewer rows a value may differ in a rare group by chance."""


def same_groups(values: np.ndarray, codes: np.ndarray, binned: bool) -> bool:
    """Return whether a column's values name the groups of an attribute, or one of them.

    They do where values and groups are one to one, where the column has two values and one of them is that of
    exactly one group (a one-hot column), and where the column is a number that was cut into the groups.

    Args:
        values: the column, numbers or codes of texts, ``(rows,)``.
        codes: each row's group, ``(rows,)``.
        binned: whether the values are numbers and the groups are ranges of some number.
    """
    distinct, places = np.unique(values, return_inverse=True)
    present, groups = np.unique(codes, return_inverse=True)
    if len(values) < _MIN_ROWS or min(len(distinct), len(present)) < 2:
        return False
    # each pair of a value and a group that occurs, in the order of values
    of_value, of_group = np.divmod(np.unique(places * len(present) + groups), len(present))
    one_value_a_group = len(of_value) == len(present)
    if one_value_a_group and len(distinct) == 2:
        return bool(np.bincount(of_value).min() == 1)
    one_group_a_value = len(of_value) == len(distinct)
    if one_group_a_value and one_value_a_group:
        return True
    changes = int(np.count_nonzero(np.diff(of_group)))
    often = len(distinct) * _MIN_ROWS_PER_VALUE <= len(values)
    return binned and one_group_a_value and often and changes == len(present) - 1


_SEPARATORS = ("_", "=", "-", ".", ":", " ", "__")

ProtectedColumns = dict[str, dict[str, str]]
"""For each attribute and intersection the names of its columns, and how each was found."""


def protected_columns(subject: Subject) -> ProtectedColumns:
    """Return the columns of each attribute; an intersection has those of all its attributes.

    A column is found by its name, whatever its case: that of the attribute, one that the policy lists under
    ``columns``, or the attribute's with that of a group, such as ``sex_Male`` or ``sex=Male``. It is found by
    its values where in the sampled rows they part the rows as the attribute does: see `same_groups`. Images
    are no such column.
    """
    data = subject.policy.data
    attributes = {attribute.name: attribute for attribute in subject.attributes}
    columns = {name: _columns(attributes[name], spec, subject) for name, spec in data.protected.items()}
    for intersection, names in data.named_intersections.items():
        columns[intersection] = {c: how for name in names for c, how in columns[name].items()}
    return columns


def note_on_unread(
    columns: ProtectedColumns, protected: Mapping[str, Protected], hidden: bool
) -> Note | None:
    """Return what is not measured of attributes without columns, or None where every attribute has some.

    With ``hidden``, the model reads images or free text, which may show an attribute: then no share is measured.
    """
    attributes = [name for name in protected if not columns[name]]
    names = " or ".join(attributes)
    if not attributes:
        return None
    unread = [name for name, sources in columns.items() if not sources]  # intersections as well
    about: dict[str, list[Scalar]] = {"attribute": [*unread]}
    text = (
        f"No column that the model reads is named after or has the same groups as {names}: protected_share does not "
        "count what other columns reveal of it, and counterfactual_flip_rate has no value to change, so that it was "
        "not measured."
    )
    if hidden:
        text = (
            f"protected_share and counterfactual_flip_rate were not measured for {names}: the model reads images or "
            "texts, which may reveal an attribute without a column for it."
        )
    return Note(text=text, about=about)


def _columns(attribute: Attribute, spec: Protected, subject: Subject) -> dict[str, str]:
    if subject.image_column:
        return {}
    by_name = _names(attribute, spec)
    features = subject.features
    codes = attribute.codes[features.data.index]
    columns = {}
    for column, values in zip(features.columns, features.data.matrix.T, strict=True):
        binned = bool(spec.bins) and column.vocabulary is None
        if how := by_name.get(column.name.casefold()):
            columns[column.name] = how
        elif same_groups(values, codes, binned):
            columns[column.name] = "same groups as the attribute"
    return columns


def _names(attribute: Attribute, spec: Protected) -> dict[str, str]:
    """Return the names, in one case, that a column is found by, and how."""
    one_hot = [
        f"{attribute.name}{separator}{group}" for separator in _SEPARATORS for group in attribute.groups
    ]
    listed = (spec.columns or {}).values()
    names = {name.casefold(): "one-hot column" for name in [*listed, *one_hot]}
    return names | {attribute.name.casefold(): "its own column"}
