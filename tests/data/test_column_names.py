"""Which first lines of a table are shown as names, and which may be a row."""

from __future__ import annotations

import pytest

from audit.data.column_names import is_header, listed_columns


@pytest.mark.parametrize(
    "names",
    [
        ["age", "capital-gain", "hours per week", "income"],
        ["Alter", "Größe (cm)", "price in €", "x1", "2nd", "P(y=1)", "A/B", "v1.2", "it's"],
        ["", "col.1", "a,b"],
    ],
)
def test_names_are_listed(names: list[str]) -> None:
    assert is_header(names)
    assert all(repr(name) in listed_columns(names, is_text=True) for name in names)


@pytest.mark.parametrize(
    "value",
    [
        "39",
        " 77516",
        "-1.5",
        "1,5",
        "+3e-05",
        ".5",
        'said "no"',
        "a;b",
        "a|b",
        "a\tb",
        "a\nb",
        "a\0",
        "\ufeffage",
    ],
)
def test_values_are_not(value: str) -> None:
    names = ["State-gov", value, "Male"]
    assert not is_header(names)
    assert listed_columns(names, is_text=True) == "3 columns, whose first line looks like values of a row"
    assert "'State-gov'" in listed_columns(names, is_text=False)  # formats with names of their own
