"""Decisions under typos: words of the model's texts are misspelt, and the model as it is served decides again.

No gradient reaches a text, so that these are random: a row counts as flipped if any of several draws flips it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from audit.checks.robustness.attacked import truth
from audit.checks.robustness.shares import Shares, Where
from audit.data.ranges import SHARED
from audit.errors import some
from audit.features import places, starts
from audit.judge import Judge
from audit.result import Evidence, Note, Table
from audit.subject import Subject
from audit.typos import Misspellings, long_words, misspellings

DRAWS = 5
"""Times that a text is misspelt at each size."""

_MOST_WORDS = 20

Texts = dict[int, list[str]]
"""The texts of some rows, by the place of their column."""


def typos(subject: Subject, names: Sequence[str], sizes: Sequence[float], alone: bool) -> Iterator[Evidence]:
    """Yield accuracy and flips under typos, for all sampled rows and by group, and the words whose typos flip most.

    Args:
        subject: the model and the data.
        names: the columns that are misspelt, all together.
        sizes: shares of the words of four letters or more that are hit; a larger one hits the same words and more.
        alone: whether nothing else of the model is attacked, so that nobody else says how it decides without.
    """
    index = subject.features.data.index
    classes = subject.judge(subject.features.data.matrix)
    shares, right = Shares(index, subject), classes == truth(subject)[index]
    misspelt, words = _misspelt(_Rows(subject, names), sizes, classes)
    drawn = f" {len(index):,} of {subject.rows:,} rows, drawn at random." if len(index) < subject.rows else ""
    yield Note(
        text=f"Typos: in {some(names)} each word of four letters or more is misspelt with probability eps, "
        f"{DRAWS} times over; a row counts as flipped if one of these flips it.{drawn}"
    )
    if alone:
        yield from shares.of("clean_accuracy", right, {})
    worst = np.zeros(len(classes), bool)
    for size, flipped in misspelt.items():
        worst = worst | flipped
        for attack, flips in (("typos", flipped), ("worst", worst)):
            where: Where = {"attack": attack, "norm": "words", "eps": size}
            yield from shares.of("adversarial_accuracy", right & ~flips, where)
            yield from shares.of("flip_rate", flips, where)
    yield words


def _misspelt(
    rows: _Rows, sizes: Sequence[float], classes: np.ndarray
) -> tuple[dict[float, np.ndarray], Table]:
    """Return which rows typos of each size flip, bool ``(rows,)``, sizes rising, and which words did."""
    flipped = {size: np.zeros(len(classes), bool) for size in sorted(set(sizes))}
    least = min((size for size in flipped if size > 0), default=0.0)
    hit, told = Counter[str](), Counter[str]()
    for draw in range(DRAWS):
        drawn, before, now = rows.draw(draw, max(flipped)), rows.texts, np.zeros(len(classes), bool)
        for size, found in flipped.items():
            texts = {place: [one.at(size) for one in column] for place, column in drawn.items()}
            other = _changed(before, texts)
            now[other] = rows.judge(texts, other) != classes[other]
            found |= now
            before = texts
            if size == least:
                _count(hit, told, drawn, now, size)
    return flipped, rows.table(hit, told)


def _changed(before: Texts, after: Texts) -> np.ndarray:
    """Return the rows in which some text is another one."""
    pairs = [zip(before[place], texts, strict=True) for place, texts in after.items()]
    return np.flatnonzero(np.any([[a != b for a, b in pair] for pair in pairs], axis=0))


def _count(
    hit: Counter[str], told: Counter[str], drawn: dict[int, list[Misspellings]], now: np.ndarray, size: float
) -> None:
    """Add each row's misspelt words to ``hit``, and to ``told`` where the row flipped."""
    for column in drawn.values():
        for one, flipped in zip(column, now, strict=True):
            own = {word.casefold() for word in one.hit(size)}
            hit.update(own)
            if flipped:
                told.update(own)


class _Rows:
    """The sampled rows with their texts."""

    def __init__(self, subject: Subject, names: Sequence[str]) -> None:
        self._subject, self._names = subject, list(names)
        lie = starts([column.width for column in subject.features.columns])
        self._at = {place: lie[place] for place in (places(subject.feeds)[name, True] for name in names)}
        self.texts = self._of(subject.features.data.matrix)

    def _of(self, matrix: np.ndarray) -> Texts:
        columns = self._subject.features.columns
        vocabularies = {place: columns[place].vocabulary or [] for place in self._at}
        return {
            place: [words[int(code)] for code in matrix[:, self._at[place]]]
            for place, words in vocabularies.items()
        }

    def draw(self, draw: int, most: float) -> dict[int, list[Misspellings]]:
        """Return how each text is misspelt in one draw."""
        seed = self._subject.seed
        return {
            place: list(misspellings(texts, f"{seed} {draw} {place}", most))
            for place, texts in self.texts.items()
        }

    def judge(self, texts: Texts, rows: np.ndarray) -> np.ndarray:
        """Return the classes decided on for some rows with other texts."""
        if not len(rows):
            return np.zeros(0, np.int32)
        columns, matrix = list(self._subject.features.columns), self._subject.features.data.matrix[rows]
        for place, at in self._at.items():
            columns[place] = replace(columns[place], vocabulary=[texts[place][row] for row in rows])
            matrix[:, at] = np.arange(len(rows))
        return Judge(self._subject.model, self._subject.feeds, columns, self._subject.decider)(matrix)

    def table(self, hit: Counter[str], told: Counter[str]) -> Table:
        """Return the words whose typos went with most flips, of those that `SHARED` background rows share."""
        background = self._of(self._subject.features.background.matrix)
        shared = Counter(
            word
            for texts in background.values()
            for text in texts
            for word in {word.casefold() for word in long_words(text)}
        )
        shown = [word for word in told if shared[word] >= SHARED]
        words = sorted(shown, key=lambda word: (-told[word], word))[:_MOST_WORDS]
        return Table(
            name="typos",
            about="words whose typos went with most flips, at the smallest size: rows in which the word was misspelt, "
            "counted in each draw, and those that flipped",
            columns={
                "word": list(words),
                "misspelt": [hit[word] for word in words],
                "flipped": [told[word] for word in words],
            },
        )
