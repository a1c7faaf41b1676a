"""Attributions of words: the largest over many texts, and explained texts with each word coloured."""

import string
from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.interval_plot import percent
from audit.formats.html.explainability.row_summary import ROW_COLUMNS, explained_rows, row_label, summary
from audit.formats.text.safe_text import brief, elide
from audit.formats.text.table_records import Record, figures, group_by, text
from audit.numbers import count, number, signed

WORDS = ("column", "word", "texts", "mean_abs", "mean")
TEXTS = (*ROW_COLUMNS, "column", "word", "attribution")
MAX_WORDS = 20
_MAX_COLUMNS = 48
_LEVELS = 3
_STRIPPED = string.punctuation + string.whitespace
_MIN_COLOURED = 0.05
"""Share of the text's largest attribution below which a word has no colour."""


@dataclass(frozen=True, slots=True)
class VocabularyWord:
    """A word's attribution over all explained texts; ``bar`` is in per cent, ``way`` is ``up``, ``down`` or empty."""

    word: str
    texts: str
    size: str
    mean: str
    bar: str | None
    way: str


@dataclass(frozen=True, slots=True)
class TextVocabulary:
    """The words of one text column with their attribution, those beyond the first `MAX_WORDS` in ``more``."""

    column: str
    caption: str
    words: list[VocabularyWord]
    more: list[VocabularyWord]


@dataclass(frozen=True, slots=True)
class TextPiece:
    """One word of an explained text; ``level`` is its colour by attribution, ``down3`` to ``up3``, empty for none."""

    text: str
    level: str
    value: str


@dataclass(frozen=True, slots=True)
class HighlightedText:
    """One explained text: the reason for its choice, its place in the data, a summary, and its words."""

    reason: str
    row: str
    column: str
    words: str
    ends: tuple[str, str]
    pieces: list[TextPiece]


def vocabularies(rows: Sequence[Record]) -> list[TextVocabulary]:
    """Return the vocabulary of each text column in the order of the table, without words of numbers not finite."""
    return [
        TextVocabulary(name, _caption(words[0]), words[:MAX_WORDS], words[MAX_WORDS:])
        for name, lines in group_by(rows, "column").items()
        if (words := _words(lines))
    ]


def _words(lines: Sequence[Record]) -> list[VocabularyWord]:
    parsed = [(text(line, "word"), cells) for line in lines if (cells := figures(line, *WORDS[2:]))]
    top = max((size for _, (_, size, _) in parsed), default=0.0)
    return [
        VocabularyWord(
            word=word,
            texts=count(texts),
            size=number(size),
            mean=signed(mean),
            bar=percent(100 * size / top) if 0 <= size <= top and top > 0 else None,
            way="up" if mean > 0 else "down" if mean < 0 else "",
        )
        for word, (texts, size, mean) in parsed
    ]


def _caption(first: VocabularyWord) -> str:
    return f"“{brief(first.word)}” adds most in all: {first.mean} on average in {first.texts} texts."


def highlighted_texts(rows: Sequence[Record]) -> list[HighlightedText]:
    """Return the explained texts of the table in order; one whose numbers are not all finite is left out."""
    return [_highlighted(lines, values, *ends) for lines, values, ends in explained_rows(rows)]


def _highlighted(
    lines: Sequence[Record], values: Sequence[float], base: float, output: float
) -> HighlightedText:
    words = [text(line, "word") for line in lines]
    top = max(map(abs, values))
    named = [(v, f"“{brief(word.strip(_STRIPPED))}”") for v, word in sorted(zip(values, words, strict=True))]
    return HighlightedText(
        reason=text(lines[0], "why"),
        row=row_label(lines[0]),
        column=text(lines[0], "column"),
        words=summary(lines[0], named),
        ends=(number(base), number(output)),
        pieces=[_piece(word, value, top) for word, value in zip(words, values, strict=True)],
    )


def _piece(word: str, value: float, top: float) -> TextPiece:
    share = abs(value) / top if top > 0 else 0.0
    level = min(_LEVELS, 1 + int(share * _LEVELS)) if share >= _MIN_COLOURED else 0
    colour = f"{'up' if value > 0 else 'down'}{level}" if level else ""
    return TextPiece(elide(word, _MAX_COLUMNS), colour, signed(value))
