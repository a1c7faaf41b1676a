"""What words add: those that count most over many texts, and telling texts with each word in its colour."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass

from audit.formats.html.charts.interval_plot import percent
from audit.formats.html.explainability.row_summary import story
from audit.formats.html.text.numbers import count, number, signed
from audit.formats.html.text.safe_text import brief, elide
from audit.formats.html.text.table_records import Record, by, figure, figures, text

WORDS = ("column", "word", "texts", "mean_abs", "mean")
TEXTS = (
    *("case", "why", "row", "score", "label", "predicted", "base", "output"),
    *("column", "word", "attribution"),
)
SHOWN = 20
CASES = 6
_LONGEST = 48
_LEVELS = 3
_AROUND = string.punctuation + string.whitespace
_FAINT = 0.05
"""Share of the text's largest value below which a word is left without a colour."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word over all explained texts; ``bar`` is in per cent of the longest, ``way`` ``up``, ``down`` or empty."""

    word: str
    texts: str
    size: str
    mean: str
    bar: str | None
    way: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one text column, those beyond the first `SHOWN` in ``more``."""

    column: str
    sentence: str
    words: list[Word]
    more: list[Word]


@dataclass(frozen=True, slots=True)
class Piece:
    """A word as it stands in a text; ``level`` says how it is coloured: ``up3`` for the most, empty for none."""

    text: str
    level: str
    value: str


@dataclass(frozen=True, slots=True)
class Marked:
    """One telling text: why it is told, its place in the data, what moved it, and its words."""

    why: str
    row: str
    column: str
    words: str
    ends: tuple[str, str]
    pieces: list[Piece]


def vocabularies(rows: Sequence[Record]) -> list[Vocabulary]:
    """Return the words of each column in the order of the table; lines whose numbers are not finite are left out."""
    found = {name: _words(lines) for name, lines in by(rows, "column").items()}
    return [_vocabulary(name, words) for name, words in found.items() if words]


def _words(lines: Sequence[Record]) -> list[Word]:
    read = [(text(line, "word"), cells) for line in lines if (cells := figures(line, *WORDS[2:]))]
    top = max((size for _, (_, size, _) in read), default=0.0)
    return [
        Word(
            word=word,
            texts=count(texts),
            size=number(size),
            mean=signed(mean),
            bar=percent(100 * size / top) if 0 <= size <= top and top > 0 else None,
            way="up" if mean > 0 else "down" if mean < 0 else "",
        )
        for word, (texts, size, mean) in read
    ]


def _vocabulary(name: str, words: Sequence[Word]) -> Vocabulary:
    first = words[0]
    told = f"“{brief(first.word)}” adds most in all: {first.mean} on average in {first.texts} texts."
    return Vocabulary(name, told, list(words[:SHOWN]), list(words[SHOWN:]))


def marked(rows: Sequence[Record]) -> list[Marked]:
    """Return the texts of the table in order; one whose numbers are not all finite is left out."""
    read = (_marked(lines) for lines in by(rows, "case").values())
    return [case for case in read if case]


def _marked(lines: Sequence[Record]) -> Marked | None:
    ends = figures(lines[0], "base", "output")
    values = [value for line in lines if (value := figure(line, "attribution")) is not None]
    if ends is None or len(values) < len(lines):
        return None
    words = [text(line, "word") for line in lines]
    place, top = figure(lines[0], "row"), max(map(abs, values))
    return Marked(
        why=text(lines[0], "why"),
        row=f"row {int(place)}" if place is not None else "",
        column=text(lines[0], "column"),
        words=f"{story(lines[0], [])} {_moves(words, values)}".strip(),
        ends=(number(ends[0]), number(ends[1])),
        pieces=[_piece(word, value, top) for word, value in zip(words, values, strict=True)],
    )


def _moves(words: Sequence[str], values: Sequence[float]) -> str:
    ranked = sorted(zip(values, words, strict=True))
    ends = [("lowered", *ranked[0])] if ranked[0][0] < 0 else []
    ends += [("raised", *ranked[-1])] if ranked[-1][0] > 0 else []
    told = [
        f"most {way} by “{brief(word.strip(_AROUND))}”: {signed(value)}"
        for way, value, word in reversed(ends)
    ]
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _piece(word: str, value: float, top: float) -> Piece:
    share = abs(value) / top if top > 0 else 0.0
    level = min(_LEVELS, 1 + int(share * _LEVELS)) if share >= _FAINT else 0
    return Piece(
        elide(word, _LONGEST), f"{'up' if value > 0 else 'down'}{level}" if level else "", signed(value)
    )
