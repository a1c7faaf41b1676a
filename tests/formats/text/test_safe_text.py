"""Names far too long are shortened without cleaning all of them, and as if all of them had been cleaned."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audit.formats.text.safe_text import clean, elide, fitting, width

PARTS = (
    "n" * 40,
    "表" * 20,
    "e" + "\u0301" * 9,
    "\x1b",
    "\u202e",
    "\ud800",
    "\r\n",
    "\n",
    "\u0301" * 50,
    "🎉" * 9,
)


@given(st.lists(st.sampled_from(PARTS), max_size=60), st.integers(4, 24))
def test_a_long_name_is_shortened_as_a_cleaned_one(parts: list[str], columns: int) -> None:
    text = "".join(parts)
    whole = clean(text)
    if width(whole) <= columns:
        assert elide(text, columns) == whole
    else:
        tail = fitting(whole[::-1], (columns - 1) // 3)[::-1]
        assert elide(text, columns) == f"{fitting(whole, columns - 1 - width(tail))}…{tail}"


@given(st.text(st.characters(max_codepoint=126), max_size=30), st.integers(-2, 32))
def test_text_of_narrow_characters_is_measured_as_any_other(text: str, columns: int) -> None:
    """A wide character in front takes two columns more, and the way that measures one by one."""
    assert width(text) == width("表" + text) - 2
    expected = "表" + fitting(text, columns) if columns >= 0 else fitting("表", columns + 2)
    assert fitting("表" + text, columns + 2) == expected
