"""The identity of values: the hand-written table pair by pair, numbers against Fraction, and what a report shows."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest

from audit.values import canonical, read_as, scalar, sort_key
from audit.values.spelling import fold

from .spellings import SPELLINGS, VALUE_OF


def test_every_pair_of_spellings_is_one_value_or_two_by_the_table() -> None:
    for one, other in product(SPELLINGS, SPELLINGS):
        assert (canonical(one) == canonical(other)) == (VALUE_OF[one] == VALUE_OF[other]), (one, other)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (1.0, "1"),
        (-0.0, "0"),
        (0.5, "0.5"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (0.1 + 0.2, "0.30000000000000004"),
        (float(2**63), "9223372036854775808"),
        (float("inf"), "inf"),
        (2**70, "1180591620717411303424"),
        (True, "True"),
        (False, "False"),
        (Decimal("1.00"), "1"),
        (Decimal("1E+2"), "100"),
        (Decimal("-0.50"), "-0.5"),
        (Decimal("9007199254740993.0000000000000000000000001"), "9007199254740993.0000000000000000000000001"),
        ("", ""),
    ],
)
def test_stored_values_have_the_text_of_their_number(value: object, text: str) -> None:
    assert canonical(value) == text


def test_numbers_are_one_if_they_are_equal_as_fractions() -> None:
    rng = random.Random(13)

    def number() -> str:
        whole = str(rng.choice([0, 1, 7, 10, 100, rng.randrange(10**20)]))
        digits = "".join(rng.choices("0001", k=rng.randrange(4)))
        return rng.choice(["", "-"]) + whole + (f".{digits}" if digits else "")

    for _ in range(5000):
        one, other = number(), number()
        assert (canonical(one) == canonical(other)) == (Fraction(one) == Fraction(other)), (one, other)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_value_is_shown_as_itself_and_is_idempotent(spelling: str) -> None:
    shown = scalar(canonical(spelling))
    assert canonical(shown) == canonical(spelling)
    assert canonical(json.loads(json.dumps(shown))) == canonical(spelling)
    for setting in (None, "text", "stripped", "folded"):
        read = read_as(setting)
        assert read(read(spelling)) == read(spelling)


def test_numbers_are_shown_as_numbers() -> None:
    texts = ["1", "1.50", "true", "01", "9007199254740993", "0.1000000000000000000001", "1" * 5000]
    shown = [scalar(canonical(text)) for text in texts]
    expected = [1, 1.5, True, "01", 9007199254740993, "0.1000000000000000000001", "1" * 5000]
    assert shown == expected and list(map(type, shown)) == list(map(type, expected))


def test_the_order_is_by_size_then_booleans_then_texts() -> None:
    ordered = [
        "-1",
        "0",
        "0.5",
        "9",
        "10",
        "9007199254740992",
        "9007199254740993",
        "1" * 400,
        "False",
        "True",
    ]
    ordered += ["00501", "a", "b"]
    shuffled = ordered.copy()
    random.Random(1).shuffle(shuffled)
    assert sorted(shuffled, key=sort_key) == ordered


@pytest.mark.parametrize(
    ("spelling", "number"),
    [
        ("01", "1"),
        ("1E2", "100"),
        (" +1.50 ", "1.5"),
        ("1e-05", "0.00001"),
        ("9007199254740993", "9007199254740993"),
    ],
)
def test_as_numbers(spelling: str, number: str) -> None:
    assert read_as("number")(spelling) == number


@pytest.mark.parametrize("value", ["a", "", "nan", "inf", "true", True, "1,5"])
def test_what_is_no_number(value: object) -> None:
    with pytest.raises(ValueError):
        read_as("number")(value)


def test_folding_ignores_case_width_composition_and_spaces_around() -> None:
    alike = [
        ["Male", "male ", "ＭＡＬＥ"],
        ["caf\u00e9", "CAFE\u0301"],
        ["Straße", "STRASSE"],
        ["\u1e9e", "ss"],
    ]
    for spellings in alike:
        assert len(set(map(fold, spellings))) == 1, spellings
    assert read_as("folded")("１.０") == "1" and read_as("stripped")(" 1.0\t") == "1"
    assert read_as("stripped")("Male ") == "Male" and read_as("text")(1.0) == "1.0"
