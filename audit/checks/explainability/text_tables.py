"""Evidence of attributions within texts: the words that count most over all explained texts, and some texts."""

from collections.abc import Iterator
from itertools import groupby

from audit.attribution.text_shapley import DOTS, TextAttribution, words
from audit.checks.explainability.example_rows import Examples, TableLine, line_table
from audit.checks.explainability.explanation import Explanation
from audit.checks.explainability.text_attribution import TextColumn, attribute_texts
from audit.data.shared_ranges import SHARED
from audit.result import Evidence, Measurement, Note
from audit.subject.subject import Subject

_WORDS = ("column", "word", "texts", "mean_abs", "mean")
_TEXTS = ("column", "word", "attribution")
_MAX_WORDS = 40
_MAX_PIECES = 400
HIDDEN = "…"
"""Replaces words that too few background rows share, and the end of a long text."""

WordValue = tuple[str, float]
"""A word, and its SHAP value."""


def text_evidence(
    explanation: Explanation, subject: Subject, score: bool, budget: float
) -> Iterator[Evidence]:
    """Yield each free-text column's additivity error; then the tables ``words`` and ``texts``."""
    outcomes = list(attribute_texts(explanation, subject, score, budget))
    yield from (Note(text=reason) for reason in outcomes if isinstance(reason, str))
    columns = [column for column in outcomes if isinstance(column, TextColumn)]
    for column in columns:
        yield Note(text=_method_note(column, explanation))
        yield Measurement(
            metric="explainability.additivity_error",
            value=column.additivity_error,
            n=len(column.places),
            method="exact",
            where={"words_of": column.name},
        )
    if columns:
        lines = [line for column in columns for line in _word_lines(column)]
        yield line_table("words", "words of the explained texts, by their total contribution", _WORDS, lines)
        if subject.policy.report.rows != "none":
            about = "texts with the largest attributions, with the SHAP values of their words"
            examples = Examples(explanation, subject)
            yield examples.table("texts", about, _TEXTS, _case_lines(columns, examples))


def _method_note(column: TextColumn, explanation: Explanation) -> str:
    masking = f"replaced by {DOTS.strip()!r}" if column.mask == DOTS else "left out"
    unaffordable = (
        f"; for {column.unaffordable:,} more the budget does not suffice" if column.unaffordable else ""
    )
    return (
        f"{column.name}: {explanation.output.unit} of {len(column.places):,} texts is explained by their words, which "
        f"are {masking} in random order while the other columns stay fixed{unaffordable}. Their SHAP values add up "
        f"to the output within {column.additivity_error:.2g} (relative)."
    )


def _word_lines(column: TextColumn) -> Iterator[TableLine]:
    """Yield the words of greatest sum of absolute values, of those that `SHARED` background rows share.

    A word that a text repeats counts there once, with the sum of its values.
    """
    values: dict[str, list[float]] = {}
    for text in column.texts:
        totals = dict[str, float]()
        for word, value in _words(text):
            totals[word] = totals.get(word, 0.0) + value
        for word, value in totals.items():
            values.setdefault(word, []).append(value)
    shared = {word: parts for word, parts in values.items() if column.background_counts[word] >= SHARED}
    magnitudes = {word: sum(map(abs, parts)) for word, parts in shared.items()}
    for word in sorted(magnitudes, key=lambda word: (-magnitudes[word], word))[:_MAX_WORDS]:
        number = len(values[word])
        yield column.name, word, number, magnitudes[word] / number, sum(values[word]) / number


def _words(text: TextAttribution) -> Iterator[WordValue]:
    """Yield each word in lower case, with its value."""
    for piece, value in _pieces(text):
        yield words(piece)[0], value


def _pieces(text: TextAttribution) -> Iterator[WordValue]:
    return zip(text.pieces, text.values.tolist(), strict=True)


def _case_lines(columns: list[TextColumn], examples: Examples) -> Iterator[TableLine]:
    """Yield the example rows' texts word by word."""
    rows = examples.rows()
    cases = [(column, row) for column in columns for row in rows if row.place in column.places]
    for case, (column, row) in enumerate(cases):
        index = column.places.index(row.place)
        text = column.texts[index]
        start = examples.cells(case, row, text.base, float(column.outputs[index]))
        pieces = list(_pieces(text) if examples.unmasked else _masked(column, text))
        if rest := pieces[_MAX_PIECES:]:
            pieces[_MAX_PIECES:] = [(HIDDEN, sum(value for _, value in rest))]
        for piece in pieces:
            yield (*start, column.name, *piece)


def _masked(column: TextColumn, text: TextAttribution) -> Iterator[WordValue]:
    """Yield the words that many rows share, without the characters between; the others together, run by run."""
    named = [
        (word if column.background_counts[word] >= SHARED else HIDDEN, value) for word, value in _words(text)
    ]
    for is_hidden, run in groupby(named, key=lambda piece: piece[0] == HIDDEN):
        if is_hidden:
            yield HIDDEN, sum(value for _, value in run)
        else:
            yield from run
