"""Names are data: whatever they hold is shown as text, and breaks nothing."""

import re
import unicodedata

from audit.formats.html.page import render_html

from .hostile import HOSTILE, hostile
from .large import large
from .pages import Page, parse
from .samples import full


def test_hostile_text_adds_no_element() -> None:
    page = Page(render_html(hostile()))
    harmless = {e.tag for report in (full(), large()) for e in parse(render_html(report)).walk()}
    assert {e.tag for e in page.root.walk()} <= harmless | {"bdi"}
    assert len(page.root.all("h1")) == 1
    assert page.comments == [] and page.declarations == ["DOCTYPE html"]


def test_hostile_text_is_shown_as_it_is() -> None:
    root = parse(render_html(hostile()))
    for text in HOSTILE[:5]:
        assert root.text.count(" ".join(text.split())) >= 10
    assert "{{ 7 * 7 }}" in root.text and "49}" not in root.text


def test_long_names_stand_in_full_once_at_the_end() -> None:
    root = parse(render_html(hostile()))
    (names,) = root.all("details", id="long-names")
    assert "A" * 4000 in names.text
    chart = [text.text for text in root.all("text")]
    assert chart and max(map(len, chart)) < 120


def test_no_character_hides_or_reorders_others() -> None:
    page = render_html(hostile())
    assert page.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\u202a-\u202e\u2066-\u2069]", page)
    assert "nul\\u0000 bell\\u0007 escape\\u001b[31m lone\\ud800 end" in page
    assert "\\u202egpj.exe" in page
    assert not re.search("(?:\u0301){5}", unicodedata.normalize("NFD", page))


def test_numbers_that_are_not_finite_are_words() -> None:
    root = parse(render_html(hostile()))
    cells = {cell.text for cell in root.all("td")}
    assert {"undefined", "infinite", "minus infinite"} <= cells
    assert not cells & {"nan", "inf", "-inf", "NaN", "Infinity"}
    for drawn in root.all("svg", role="img"):
        for element in drawn.walk():
            assert not re.search("nan|inf$", " ".join(str(v) for v in element.attributes.values()).lower())
