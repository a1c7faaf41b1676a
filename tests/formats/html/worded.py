"""A check of attribution over words: words of two columns, and texts of which some words are hidden."""

from __future__ import annotations

from dataclasses import replace

from audit.formats.html.explainability.text_highlights import TEXTS, WORDS
from audit.result import CheckResult, Report, Scalar

from .attributions import FACTS, table
from .builders import measurement
from .samples import small

COUNTED: list[list[Scalar | None]] = [
    ["text", "broken", 40, 2.5, -2.5],
    ["text", "great", 44, 2.0, 2.0],
    ["text", "the", 120, 0.0, 0.0],
    *(["text", f"word{i}", 12, 0.5 - i / 100, (-1) ** i * (0.5 - i / 100)] for i in range(25)),
    ["reply", "sorry", 9, 1.25, 1.25],
]
PIECES: list[list[tuple[str, float]]] = [
    [("Great ", 2.0), ("parcel, ", 0.01), ("quick ", 1.0), ("and\n", 0.0), ("late!", -0.9)],
    [("was", 0.0), ("…", -1.5), ("broken", -2.5)],
]


def lines() -> list[list[Scalar | None]]:
    """The rows of the table ``texts``."""
    found: list[list[Scalar | None]] = []
    for case, pieces in enumerate(PIECES):
        output = 0.5 + sum(value for _, value in pieces)
        row = 7 if case == 0 else None
        start: list[Scalar | None] = [case, "confident error", row, 0.9, "0", "1", 0.5, output, "text"]
        found += [[*start, *piece] for piece in pieces]
    return found


def check() -> CheckResult:
    """The check with both tables."""
    return CheckResult(
        name="explainability",
        status="measured",
        summary="What the score is made of.",
        metrics=FACTS,
        measurements=[measurement("explainability.additivity_error", 1e-7, None, 200, words_of="text")],
        tables=[table("words", COUNTED, *WORDS), table("texts", lines(), *TEXTS)],
    )


def worded() -> Report:
    """A report that holds it."""
    return replace(small(), checks=[check()])
