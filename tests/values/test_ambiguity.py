"""Warnings of different values that may be one: which are suspected, with their rows and the setting that resolves."""

from __future__ import annotations

from itertools import combinations

import pytest

from audit.values import ambiguity_warning, canonical

PAIRS = [
    ("Male", "male ", "folded"),
    ("Male", "MALE", "folded"),
    ("Male", " Male", "stripped"),
    ("New  York", "New York", None),
    ("<=50K", "<=50K.", None),
    ("1", "01", "number"),
    ("100", "1E2", "number"),
    ("1", "+1", "number"),
    ("1", "1.", "number"),
    ("0.5", ".5", "number"),
    ("1", "１", "folded"),
    ("1", " 1", "stripped"),
    ("1000", "1_000", "number"),
    ("True", "1", None),
    ("False", "0", None),
    ("caf\u00e9", "cafe\u0301", "folded"),
    ("\ufb01ne", "fine", "folded"),
    ("a\u00a0b", "a b", "folded"),
    ("a\u200bb", "ab", None),
    ("Amer\u2010Indian", "Amer-Indian", None),
    ("Cote d'Ivoire", "Cote d\u2019Ivoire", None),
]


@pytest.mark.parametrize(("one", "other", "setting"), PAIRS)
def test_spellings_of_one_value_are_quoted(one: str, other: str, setting: str | None) -> None:
    warning = ambiguity_warning("sex", {"b": 7, one: 1234, other: 1}, None)
    assert warning is not None
    assert f"{one!r} (1,234 rows" in warning and f"{other!r} (1 row" in warning and "'b'" not in warning
    assert "data.values: {sex: text}" in warning
    assert (f"data.values: {{sex: {setting}}} if they are the same" in warning) == (setting is not None)
    assert ("Correct the data" in warning) == (setting is None)
    assert ambiguity_warning("sex", {one: 1234, other: 1}, "text") is None


def test_values_that_are_clearly_different_are_not_suspected() -> None:
    distinct = [
        "1",
        "2",
        "10",
        "100",
        "-1",
        "0.1",
        "True",
        "Male",
        "Female",
        "<=50K",
        ">50K",
        "A",
        "A+",
        "A-",
        "501",
    ]
    distinct += ["<25", "25-60", ">=60", "9007199254740992", "9007199254740993", "1E999999999", "1-2", "12"]
    distinct += ["caf\u00e9", "cafe"]
    distinct.remove("1")  # beside True
    for pair in combinations(distinct, 2):
        assert ambiguity_warning("c", dict.fromkeys(map(canonical, pair), 1), None) is None, pair


def test_long_numbers_are_compared_exactly() -> None:
    assert ambiguity_warning("c", {"09007199254740993": 1, "9007199254740992": 1}, None) is None
    assert ambiguity_warning("c", {"09007199254740993": 1, "9007199254740993": 1}, None) is not None


def test_the_advice_resolves_all_pairs_at_once_and_the_quotes_end() -> None:
    several = ambiguity_warning("c", {"1": 2, "01": 3, "2": 4, "2 ": 5}, None)
    assert several is not None and "{c: number}" in several and "'2' (4 rows) and '2 ' (5 rows)" in several
    many = ambiguity_warning("c", {f"{sign}v{i}": 1 for i in range(14) for sign in ("", " ")}, None)
    assert many is not None and "; and 4 more. Set" in many


def test_the_warning_does_not_depend_on_the_order_of_values() -> None:
    rows = {"Male": 3, "male": 2, "b": 1, "B": 1}
    assert ambiguity_warning("c", rows, None) == ambiguity_warning("c", dict(reversed(rows.items())), None)


def test_what_looks_alike_is_spelled_out() -> None:
    warning = ambiguity_warning("c", {"caf\u00e9": 3, "cafe\u0301": 2}, None)
    assert warning is not None and r"(2 rows, spelled 'cafe\u0301')" in warning and "(3 rows)" in warning
