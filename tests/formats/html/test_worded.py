"""Words in the report: each text with its words in their colours, and the words that count most."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from audit.formats.html.explainability.text_highlights import (
    MAX_WORDS,
    TEXTS,
    highlighted_texts,
    vocabularies,
)
from audit.formats.html.page import render_html
from audit.formats.text.table_records import records
from audit.result import CheckResult, Scalar

from .attributions import table
from .pages import Element, parse
from .worded import COUNTED, PIECES, check, lines, worded


def page(found: CheckResult | None = None) -> Element:
    return parse(render_html(replace(worded(), checks=[found or check()])))


def test_texts_stand_word_by_word_in_their_colours() -> None:
    texts = page().all("blockquote", class_="told")
    assert len(texts) == len(PIECES)
    for text, pieces in zip(texts, PIECES, strict=True):
        spans = text.all("span")
        assert [span.text for span in spans] == [word.strip() for word, _ in pieces]
        for span, (_, value) in zip(spans, pieces, strict=True):
            level = str(span.attributes.get("class") or "")
            assert level.rstrip("123") == ("up" if value > 0.1 else "down" if value < -0.1 else "")
    assert [span.attributes.get("class") for span in texts[0].all("span")] == [
        "up3",
        None,
        "up2",
        None,
        "down2",
    ]


def test_what_is_said_of_a_text() -> None:
    shown = page().text
    assert "Most raised by “Great”: +2.00; most lowered by “late”: −0.90." in shown
    assert "Most lowered by “broken”: −2.50." in shown
    assert "from 0.500 without these words to" in shown


def test_words_are_counted_by_column_in_the_order_of_the_table() -> None:
    tables = page().all("table", class_="vocabulary")
    assert len(tables) == 3  # two columns, and what is folded of the first
    words = [[row.all("th")[0].text for row in one.all("tr")[1:]] for one in tables]
    assert words[0] + words[1] == [str(row[1]) for row in COUNTED if row[0] == "text"]
    assert (len(words[0]), words[2]) == (MAX_WORDS, ["sorry"])
    first, third = tables[0].all("tr")[1], tables[0].all("tr")[3]
    assert first.all("title")[0].text == f"{first.all('th')[0].text}: 2.500, n 40"
    assert [cell.text for cell in first.all("td") if not cell.all("svg")] == ["40", "2.500", "↓ −2.50"]
    assert [cell.text for cell in third.all("td") if not cell.all("svg")] == ["120", "0", "0"]
    assert first.all("rect")[0].attributes["width"] == "100%"


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_text_whose_numbers_are_not_finite_is_left_out(value: float | None) -> None:
    rows: list[list[Scalar | None]] = lines()
    rows[1][-1] = value
    found = replace(check(), tables=[table("texts", rows, *TEXTS)])
    assert [case.pieces[0].text for case in highlighted_texts(records(found, "texts", TEXTS))] == ["was"]


def test_without_tables_nothing_stands_there() -> None:
    assert vocabularies([]) == [] and highlighted_texts([]) == []
    shown = page(replace(check(), tables=[])).text
    assert "Texts with the largest attributions" not in shown and "The contribution of words" not in shown
