"""Runs of bins are what their texts say, and no text has a number that few rows have."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.data.shared_ranges import SHARED
from audit.data.value_bins import ValueBins

_NUMBER = r"(-?[0-9.]+(?:e[+-]?[0-9]+)?)"
_FORMS: list[tuple[str, Callable[..., np.ndarray]]] = [
    (_NUMBER, lambda v, a: v == a),
    (f"below {_NUMBER}", lambda v, b: v < b),
    (f"at most {_NUMBER}", lambda v, b: v <= b),
    (f"{_NUMBER} or more", lambda v, a: v >= a),
    (f"more than {_NUMBER}", lambda v, a: v > a),
    (f"{_NUMBER} to {_NUMBER}", lambda v, a, b: (v >= a) & (v < b)),
    (f"{_NUMBER} to {_NUMBER} inclusive", lambda v, a, b: (v >= a) & (v <= b)),
    (f"more than {_NUMBER}, below {_NUMBER}", lambda v, a, b: (v > a) & (v < b)),
    (f"more than {_NUMBER}, at most {_NUMBER}", lambda v, a, b: (v > a) & (v <= b)),
]


def selected(text: str, values: np.ndarray) -> np.ndarray:
    """Return the rows that a reader would select by the text."""
    for form, selects in _FORMS:
        if found := re.fullmatch(form, text):
            return np.asarray(selects(values, *map(values.dtype.type, found.groups())))
    raise AssertionError(text)


@st.composite
def columns(draw: st.DrawFn) -> np.ndarray:
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rows = draw(st.integers(40, 400))
    kind = draw(st.sampled_from(["whole", "hundredths", "skewed", "few", "often"]))
    values = {
        "whole": rng.integers(-30, 90, rows),
        "hundredths": rng.integers(-300, 900, rows) / 100,
        "skewed": rng.lognormal(3, 2, rows).round(2),
        "few": rng.integers(0, draw(st.integers(1, 8)), rows),
        "often": np.where(rng.random(rows) < 0.6, rng.integers(0, 3, rows), rng.integers(0, 200, rows)),
    }[kind]
    return np.asarray(values, draw(st.sampled_from(["float32", "float64"])))


@settings(max_examples=60)
@given(values=columns(), number=st.integers(2, 40))
def test_a_reader_selects_the_rows_of_a_run_by_its_text(values: np.ndarray, number: int) -> None:
    bins = ValueBins(values, number)
    codes = bins.codes(values)
    assert set(codes.tolist()) == set(range(bins.number))
    for first in range(bins.number):
        for last in range(first, bins.number):
            inside = (codes >= first) & (codes <= last)
            text = bins.text(first, last)
            if text != "any number":
                np.testing.assert_array_equal(selected(text, values), inside, err_msg=text)
            assert (text == "any number") == (
                inside.all() and len(set(values.tolist())) > 1
            ) or bins.number == 1


@settings(max_examples=60)
@given(values=columns(), number=st.integers(2, 40))
def test_no_text_has_a_value_that_few_rows_have_or_lie_beyond(values: np.ndarray, number: int) -> None:
    bins = ValueBins(values, number)
    texts = [bins.text(code, code) for code in range(bins.number)]
    for shown in {float(found) for text in texts for found in re.findall(_NUMBER, text)}:
        cut = values.dtype.type(shown)
        beyond = min((values < cut).sum(), (values >= cut).sum())
        assert max(beyond, (values == cut).sum()) >= SHARED, texts


def test_missing_values_come_last() -> None:
    values = np.array([np.nan, 1.0, 2.0] * 30)
    bins = ValueBins(values, 5)
    assert bins.codes(values).tolist() == [2, 0, 1] * 30
    assert [bins.text(0, 0), bins.text(1, 1)] == ["1", "2"]


@pytest.mark.parametrize("values", [np.full(30, np.nan), np.full(30, 3.0), np.arange(3.0)])
def test_without_enough_values_there_is_one_bin(values: np.ndarray) -> None:
    assert ValueBins(values, 40).number == 1
