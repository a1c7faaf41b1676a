"""Numbers, limits and names as words."""

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.formats.text.margins import bounds, in_words, place
from audit.formats.text.metric_facts import how_to_read
from audit.formats.text.safe_text import clean, elide, width
from audit.formats.text.where_labels import describe, panel_of, row_label
from audit.result import Measurement, MetricFacts


@pytest.mark.parametrize(
    ("limit", "words", "range_"),
    [
        ({"at_least": 0.8}, "at least 0.8", (0.8, math.inf)),
        ({"at_most": 0.2}, "at most 0.2", (-math.inf, 0.2)),
        ({"at_least": 0.8, "at_most": 1.25}, "at least 0.8 and at most 1.25", (0.8, 1.25)),
        ({"within": 0.1}, "between −0.1 and 0.1", (-0.1, 0.1)),
        ({"no_worse_than_baseline_by": 0.01}, "no worse than the baseline by more than 0.01", None),
    ],
)
def test_limits(limit: dict[str, float], words: str, range_: tuple[float, float] | None) -> None:
    assert in_words(limit) == words and bounds(limit) == range_


@pytest.mark.parametrize(
    ("value", "ci", "words"),
    [
        (0.9, (0.85, 0.95), "inside by 0.100"),
        (0.8, (0.8, 0.8), "inside by 0"),
        (0.9, (0.79, 0.95), "crosses the limit; value 0.100 inside"),
        (0.7, (0.6, 0.8), "crosses the limit; value 0.100 below the limit"),
        (0.5, (0.4, 0.6), "outside: 0.300 below the limit"),
        (1.5, (1.3, 1.7), "outside: 0.250 above the limit"),
        (0.79999, None, "outside: 1e−5 below the limit, no interval"),
        (0.9, None, "inside by 0.100, no interval"),
        (math.inf, (1.0, math.inf), "the value is infinite: it cannot hold"),
        (math.nan, None, "the value is undefined: it cannot hold"),
    ],
)
def test_places(value: float, ci: tuple[float, float] | None, words: str) -> None:
    found = place(
        Measurement(metric="a.b", value=value, n=9, method="m", ci=ci), {"at_least": 0.8, "at_most": 1.25}
    )
    assert found is not None and found.words == words


def test_where_in_words() -> None:
    assert (
        describe({"attribute": "race", "unprivileged": "Black", "privileged": "White"})
        == "race: Black against White"
    )
    assert describe({"attack": "fgsm", "eps": 0.1, "own": True}) == "attack fgsm, eps 0.1, own true"
    assert describe({"attribute": "*", "eps": 0.1}) == "every group, eps 0.1"
    where = {"attack": "fgsm", "attribute": "sex", "group": "Male"}
    assert (panel_of(where), row_label(where, panel_of(where))) == (
        {"attack": "fgsm", "attribute": "sex"},
        "Male",
    )
    assert row_label({"feature": "age"}, panel_of({"feature": "age"})) == "age"
    assert row_label({}, {}) == "all rows"


def test_how_to_read_a_metric() -> None:
    assert (
        how_to_read(MetricFacts(about="A gap", low=-1, high=1, ideal=0)) == "A gap. Scale: −1 to 1, ideal 0."
    )
    assert how_to_read(MetricFacts(about="A ratio.", low=0, ideal=1)) == "A ratio. Scale: 0 and up, ideal 1."
    assert how_to_read(MetricFacts(about="")) == ""


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_cleaned_text_can_be_shown_and_stays_so(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert once.encode("utf-8") is not None
    assert {unicodedata.category(c) for c in once if c not in "\t\n"}.isdisjoint({"Cc", "Cs"})
    assert {unicodedata.bidirectional(c) for c in once}.isdisjoint(
        {"RLO", "LRO", "RLE", "LRE", "RLI", "LRI", "FSI"}
    )


@given(st.text(max_size=80), st.integers(8, 40))
def test_elided_text_fits_and_keeps_both_ends(text: str, columns: int) -> None:
    short = elide(text, columns)
    assert width(short) <= columns
    if width(clean(text)) > columns:
        head, _, tail = short.partition("…") if "…" not in text else ("", "", "")
        assert clean(text).startswith(head) and clean(text).endswith(tail)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("plain", 5),
        ("性別", 4),
        ("ｱｲｳ", 3),
        ("re\u0301gion", 6),
        ("हिन्दी", 3),
        ("한국", 4),
        (unicodedata.normalize("NFD", "한국"), 4),
        ("👍🏽", 2),
        ("\U0001f468\u200d\U0001f469", 4),
        ("two\nlines", 9),
    ],
)
def test_columns_are_those_that_a_reader_sees(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize("part", ["\u0301", "\u20dd", "\u1161", "\u200d", "a\u200d", "\n"])
def test_a_long_name_cannot_hide_its_length(part: str) -> None:
    """Of what takes no column, or takes its neighbour's with it, a cut name holds little: five characters a column."""
    short = elide(part * 4000, 40)
    assert "…" in short and len(short) <= 5 * 40
