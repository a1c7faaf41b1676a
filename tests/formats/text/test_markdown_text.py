"""Text from outside is shown as it is, and GitHub takes none of it for more."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit.formats.text.markdown_text import code, code_block, prose, table_row
from audit.formats.text.safe_text import elide

from ..markdown_reading import ACTIVE, PARSER, inline, text_of, texts, tokens

PIECES = (
    *(
        "@team",
        "#12",
        "GH-12",
        "o/r#1",
        "https://a.b",
        "www.a.b",
        "a@b.c",
        ":tada:",
        "deadbeef",
        "1234567",
        "AB-1",
    ),
    *("<b>", "&amp;", "**", "__", "~~", "`", "``", "|", "\\", "\\|", "[x](y)", "![", "](", "$x$", "{", "^"),
    *(
        "1.",
        "1)",
        "-",
        "+",
        "#",
        ">",
        "---",
        "===",
        "    ",
        "\n",
        "\r\n",
        "\t",
        "\x1b[31m",
        "\u202e",
        "\u2066",
    ),
    *(
        "קבוצה",
        "أ",
        "🎉",
        "e\u0301",
        "表",
        "pass",
        "Female",
        "0.31",
        "(n",
        "5,421)",
        "\u2028",
        "\x00",
        "\ud800",
        "",
    ),
)
ANY_TEXT = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=8).flatmap(
    lambda pieces: st.sampled_from(["", " "]).map(lambda between: between.join(pieces))
)
INLINE = {"text", "code_inline"}


def shown(text: str, columns: int) -> str:
    """Return what a reader is to see: the text on one line."""
    return " ".join(elide(text, columns).split())


def without_isolates(text: str) -> str:
    return text.replace("\u2068", "").replace("\u2069", "")


def alone(markdown: str) -> str:
    """Return the text of Markdown that is one paragraph in one item of a list, after some text, or in a cell."""
    item, sentence = f"- {markdown}", f"Now {markdown} then"
    row = "| a | b |\n|---|---|\n" + table_row(markdown, "end")
    assert [t.type for t in PARSER.parse(item)] == [
        *("bullet_list_open", "list_item_open", "paragraph_open", "inline"),
        *("paragraph_close", "list_item_close", "bullet_list_close"),
    ]
    for context in (item, sentence, row):
        assert {token.type for token in inline(context)} <= INLINE
        assert not any(ACTIVE.search(t.content) for t in inline(context) if t.type == "text")
    (text,) = texts(item)
    assert texts(sentence) == [f"Now {text} then"]
    *_, content, end = texts(row)
    assert end == "end" and content == text.replace("\\|", "\\\\u007c")
    return text


@given(ANY_TEXT)
@example("a\\|b")
@example("`")
@example("' `'")
def test_a_name_is_a_code_span_with_its_text(text: str) -> None:
    assert without_isolates(alone(code(text))) == (shown(text, 96) or '""')


@given(ANY_TEXT.filter(lambda text: text.strip()))
def test_a_sentence_is_shown_as_it_is(text: str) -> None:
    expected = shown(text, 400)
    if expected:
        assert without_isolates(alone(prose(text))) == expected


@pytest.mark.parametrize(
    ("sentence", "markdown"),
    [
        ("sex: Female against Male: 0.31 (0.28 to 0.34), n 5,421", None),
        (
            "fairness.disparate_impact[attribute=sex]: it fails",
            "`fairness.disparate_impact[attribute=sex]`: it fails",
        ),
        ("groups 'a b_c', then (d_e).", "groups 'a `b_c`', then (`d_e`)."),
        ("the order: 'a_b', 'c', 'd_e', 'f_g'.", "the order: '`a_b`', 'c', '`d_e`', '`f_g`'."),
        ("Female × <25 (a*b) 0.01 on 9 rows", "Female × `<25` (`a*b`) 0.01 on 9 rows"),
        ("ask @owner about #12", "ask `@owner` about `#12`"),
        ("- no list", "`-` no list"),
        ("1. no list", "`1`. no list"),
        ("95 % of −0.5", None),
        ("קבוצה אחת has 3", "&#x2068;קבוצה אחת&#x2069; has 3"),
    ],
)
def test_only_what_may_be_taken_for_more_is_code(sentence: str, markdown: str | None) -> None:
    assert prose(sentence) == (markdown or sentence)


@given(ANY_TEXT)
def test_a_block_holds_its_lines(text: str) -> None:
    block = "\n".join(elide(text, 999).splitlines())
    (fence,) = PARSER.parse(code_block(block, "sh"))
    assert (fence.type, fence.info, fence.content) == ("fence", "sh", block + "\n" if block else "\n")


def test_long_names_lose_their_middle() -> None:
    long = code("a" * 10_000 + "z")
    assert len(long) < 100 and long.endswith("z`") and "…" in long
    assert tokens(long) == {"paragraph_open", "inline", "paragraph_close", "code_inline"}
    assert text_of(PARSER.parse(prose("word " * 5_000))[1]).count("word") < 100
