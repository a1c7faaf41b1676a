"""What the report shows of words: those that count most over all explained texts, and some texts word by word."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from audit.attribution.text_shapley import DOTS, Worded, words
from audit.checks.explainability.example_rows import decision, rounded, telling
from audit.checks.explainability.explanation import Explained
from audit.checks.explainability.text_attribution import Texts, explained_texts
from audit.data.shared_ranges import SHARED
from audit.result import Evidence, Measurement, Note, Scalar, Table
from audit.subject.subject import Subject

_WORDS = ("column", "word", "texts", "mean_abs", "mean")
_CASES = (
    *("case", "why", "row", "score", "label", "predicted", "base", "output"),
    *("column", "word", "attribution"),
)
_MOST_WORDS, _MOST_PIECES = 40, 400
HIDDEN = "…"
"""Stands for words that too few background rows share, and for the end of a long text."""

Line = tuple[Scalar | None, ...]


def word_evidence(explained: Explained, subject: Subject, score: bool) -> Iterator[Evidence]:
    """Yield for each prose column how well the values of its words add up; then the tables ``words`` and ``texts``."""
    told = list(explained_texts(explained, subject, score))
    yield from (Note(text=reason) for reason in told if isinstance(reason, str))
    columns = [texts for texts in told if isinstance(texts, Texts)]
    for texts in columns:
        yield Note(text=_how(texts, explained))
        yield Measurement(
            metric="explainability.additivity_error",
            value=texts.additivity_error,
            n=len(texts.places),
            method="exact",
            where={"words_of": texts.name},
        )
    if columns:
        lines = [line for texts in columns for line in important(texts)]
        yield _table("words", "words of explained texts, by what they add in all", _WORDS, lines)
        if subject.policy.report.rows != "none":
            about = "texts that tell most, with the SHAP values of their words"
            yield _table("texts", about, _CASES, list(_cases(columns, explained, subject)))


def _how(texts: Texts, explained: Explained) -> str:
    stand = f"replaced by {DOTS.strip()!r}" if texts.mask == DOTS else "left out"
    long = f"; {texts.long:,} were too long" if texts.long else ""
    return (
        f"{texts.name}: {explained.unit} of {len(texts.places):,} texts is explained by their words, which are {stand} "
        f"in random order while the other columns stay{long}. The words' SHAP values add up to the output within "
        f"{texts.additivity_error:.2g} (relative)."
    )


def important(texts: Texts) -> Iterator[Line]:
    """Yield the words of greatest sum of absolute values, of those that `SHARED` background rows share.

    A word that a text repeats counts there once, with the sum of its values.
    """
    values: dict[str, list[float]] = {}
    for one in texts.found:
        own = dict[str, float]()
        for word, value in _words(one):
            own[word] = own.get(word, 0.0) + value
        for word, value in own.items():
            values.setdefault(word, []).append(value)
    size = {word: sum(map(abs, own)) for word, own in values.items() if texts.shared[word] >= SHARED}
    for word in sorted(size, key=lambda word: (-size[word], word))[:_MOST_WORDS]:
        number = len(values[word])
        yield texts.name, word, number, size[word] / number, sum(values[word]) / number


def _words(one: Worded) -> Iterator[tuple[str, float]]:
    """Yield each word in lower case, with its value."""
    for piece, value in zip(one.pieces, one.values.tolist(), strict=True):
        yield words(piece)[0], value


def _cases(columns: list[Texts], explained: Explained, subject: Subject) -> Iterator[Line]:
    """Yield the telling rows' texts word by word; unless the policy shows rows, numbers have three digits."""
    shown = subject.policy.report.rows == "shown"
    told = [(why, place, texts) for texts in columns for why, place in telling(explained, subject)]
    cases = [(why, place, texts) for why, place, texts in told if place in texts.places]
    for case, (why, place, texts) in enumerate(cases):
        row, index = int(explained.rows[place]), texts.places.index(place)
        one, output = texts.found[index], float(texts.outputs[index])
        start = (case, why, row + 1 if shown else None, *decision(row, subject, shown))
        pieces = list(zip(one.pieces, one.values.tolist(), strict=True) if shown else _masked(texts, one))
        for piece in _first(pieces):
            line = (*start, one.base, output, texts.name, *piece)
            yield line if shown else tuple(rounded(cell) for cell in line)


def _first(pieces: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return the first pieces, and one for all that follow."""
    rest = pieces[_MOST_PIECES:]
    return [*pieces[:_MOST_PIECES], (HIDDEN, sum(value for _, value in rest))] if rest else pieces


def _masked(texts: Texts, one: Worded) -> Iterator[tuple[str, float]]:
    """Yield the words that many rows share, without what stands between them; the others together, run by run."""
    named = [(word if texts.shared[word] >= SHARED else HIDDEN, value) for word, value in _words(one)]
    for is_hidden, run in groupby(named, key=lambda pair: pair[0] == HIDDEN):
        if is_hidden:
            yield HIDDEN, sum(value for _, value in run)
        else:
            yield from run


def _table(name: str, about: str, columns: tuple[str, ...], lines: list[Line]) -> Table:
    return Table(
        name=name, about=about, columns={c: [line[i] for line in lines] for i, c in enumerate(columns)}
    )
