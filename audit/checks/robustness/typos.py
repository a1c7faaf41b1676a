"""Decisions under typos: words of the model's texts are misspelt, and the model as it is served decides again.

No gradient reaches a text, so that these are random: a row counts as flipped if any of several draws flips it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from audit.check import Skip
from audit.checks.robustness.attacked_rows import truth
from audit.checks.robustness.metrics import Shares, Where
from audit.data.shared_ranges import SHARED
from audit.errors import quote_list
from audit.inputs.features import places, starts
from audit.perturbations.typos import Misspellings, misspellings, words
from audit.result import Note, Table
from audit.stats.influence import TracedEvidence
from audit.subject.predictor import Predictor
from audit.subject.subject import Subject

DRAWS = 5
"""Times that a text is misspelt at each size."""

_MOST_WORDS = 20
_HALF, _TOO_FEW = 0.5, 0.05
"""Shares of rows with a changed text, below which a note says so, and below which nothing is measured."""

Texts = dict[int, list[str]]
"""The texts of some rows, by the place of their column."""


def typos(
    subject: Subject, names: Sequence[str], sizes: Sequence[float], alone: bool
) -> Iterator[TracedEvidence]:
    """Yield accuracy and flips under typos, for all sampled rows and by group, and the words whose typos flip most.

    Args:
        subject: the model and the data.
        names: the columns that are misspelt, all together.
        sizes: shares of the words of two letters or more that are hit; a larger one hits the same words and more.
        alone: whether nothing else of the model is attacked, so that nobody else says how it decides without.

    Raises:
        Skip: no text has a word that can be misspelt.
    """
    index, rows = subject.features.data.index, _Rows(subject, names)
    if not any(words(text) for column in rows.texts.values() for text in column):
        raise Skip(f"no text of {quote_list(names)} has a word of two letters or more that typos could hit")
    classes = subject.judge(subject.features.data.matrix)
    shares, right = Shares(index, subject), classes == truth(subject)[index]
    misspelt, table = _misspelt(rows, sizes, classes)
    drawn = f" {len(index):,} of {subject.rows:,} rows, drawn at random." if len(index) < subject.rows else ""
    yield Note(
        text=f"Typos: in {quote_list(names)} each word of two letters or more is misspelt with probability eps, "
        f"{DRAWS} times over; a row counts as flipped if one of these flips it.{drawn}"
    )
    if alone:
        yield from shares.of("clean_accuracy", right, {})
    worst = np.zeros(len(classes), bool)
    for size, (flipped, changed) in misspelt.items():
        worst = worst | flipped
        yield from _few(float(changed.mean()), size)
        if changed.mean() < _TOO_FEW:
            continue
        for attack, flips in (("typos", flipped), ("worst", worst)):
            where: Where = {"attack": attack, "norm": "words", "eps": size}
            yield from shares.of("adversarial_accuracy", right & ~flips, where)
            yield from shares.of("flip_rate", flips, where)
    yield table


def _few(share: float, size: float) -> Iterator[Note]:
    """Yield that typos changed the texts of few rows: those that they did not reach are no sign of robustness."""
    if size > 0 and share < _TOO_FEW:
        yield Note(
            text=f"typos of eps {size:g} changed the texts of {share:.1%} of the rows, too few to measure what "
            "they do: neither typos nor worst of norm words stand for that size."
        )
    elif size > 0 and share < _HALF:
        yield Note(
            text=f"typos of eps {size:g} changed the texts of only {share:.0%} of the rows; the others kept their "
            "decisions since nothing happened to them."
        )


def _misspelt(
    rows: _Rows, sizes: Sequence[float], classes: np.ndarray
) -> tuple[dict[float, tuple[np.ndarray, np.ndarray]], Table]:
    """Return which rows typos of each size flip, and change, bool ``(rows,)``, sizes rising; and which words did."""
    found = {
        size: (np.zeros(len(classes), bool), np.zeros(len(classes), bool)) for size in sorted(set(sizes))
    }
    least = min((size for size in found if size > 0), default=0.0)
    hit, told = Counter[str](), Counter[str]()
    for draw in range(DRAWS):
        drawn, before = rows.draw(draw, max(found)), rows.texts
        now, other_text = np.zeros(len(classes), bool), np.zeros(len(classes), bool)
        for size, (flipped, changed) in found.items():
            texts = {place: [one.at(size) for one in column] for place, column in drawn.items()}
            other = _changed(before, texts)
            now[other] = rows.judge(texts, other) != classes[other]
            other_text[other] = True
            flipped |= now
            changed |= other_text
            before = texts
            if size == least:
                _count(hit, told, drawn, now, size)
    return found, rows.table(hit, told)


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
        return Predictor(self._subject.model, self._subject.feeds, columns, self._subject.decider)(matrix)

    def table(self, hit: Counter[str], told: Counter[str]) -> Table:
        """Return the words whose typos went with most flips, of those that `SHARED` background rows share."""
        background = self._of(self._subject.features.background.matrix)
        shared = Counter(
            word
            for texts in background.values()
            for text in texts
            for word in {word.casefold() for word in words(text)}
        )
        shown = [word for word in told if shared[word] >= SHARED]
        most = sorted(shown, key=lambda word: (-told[word], word))[:_MOST_WORDS]
        return Table(
            name="typos",
            about="words whose typos went with most flips, at the smallest size: rows in which the word was misspelt, "
            "counted in each draw, and those that flipped",
            columns={
                "word": list(most),
                "misspelt": [hit[word] for word in most],
                "flipped": [told[word] for word in most],
            },
        )
