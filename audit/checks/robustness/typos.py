"""DecisionTotals under typos: words of the model's texts are misspelt, and the model as it is served decides again.

No gradient reaches a text, so that these are random: a row counts as flipped if any of several draws flips it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import NamedTuple

import numpy as np

from audit.check import Skip
from audit.checks.robustness.attacked_rows import true_classes
from audit.checks.robustness.budget import Budget
from audit.checks.robustness.metrics import ShareMeasurer, Where
from audit.data.shared_ranges import SHARED
from audit.errors import quote_list
from audit.execution import Backend
from audit.inputs.features import places, starts
from audit.perturbations.typos import Misspellings, misspellings, words
from audit.result import Note, Scalar, Table
from audit.stats.influence import TracedEvidence
from audit.subject.predictor import Predictor
from audit.subject.subject import Subject

TYPOS: dict[str, list[Scalar]] = {"attack": ["typos", "worst"], "norm": ["words"]}
"""Values of ``where`` that measurements under typos have."""
DRAWS = 5
"""Times that a text is misspelt at each size."""

_MAX_TABLE_WORDS = 20
_NOTED_CHANGED_SHARE = 0.5  # of rows with a changed text: a note says so below it
_MIN_CHANGED_SHARE = 0.05  # nothing is measured below it

Texts = dict[int, list[str]]  # the texts of some rows, by the position of their column
TextTypos = dict[int, list[Misspellings]]  # their misspellings in one draw


class _Effect(NamedTuple):
    """Rows that typos of one size flipped, and rows whose texts they changed, bool ``(rows,)``."""

    flipped: np.ndarray
    changed: np.ndarray


@dataclass(frozen=True)
class _WordCounts:
    """Rows in which a word was misspelt, and those of them that flipped, counted in each draw."""

    misspelt: Counter[str] = field(default_factory=Counter)
    flipped: Counter[str] = field(default_factory=Counter)

    def add(self, text_typos: TextTypos, eps: float, flipped: np.ndarray) -> None:
        for column in text_typos.values():
            for text, has_flipped in zip(column, flipped, strict=True):
                hit = {word.casefold() for word in text.hit(eps)}
                self.misspelt.update(hit)
                self.flipped.update(hit if has_flipped else ())


def typos(
    subject: Subject, names: Sequence[str], epsilons: Sequence[float], budget: Budget, clean: bool
) -> Iterator[TracedEvidence]:
    """Yield accuracy and flips under typos, for all sampled rows and by group, and the words whose typos flip most.

    Args:
        subject: the model and the data.
        names: the columns that are misspelt, all together.
        epsilons: shares of the words of two letters or more that are hit; a larger one hits the same words and more.
        budget: the budget of the check: where it does not suffice, fewer rows are misspelt.
        clean: whether to yield the accuracy without typos as well.

    Raises:
        Skip: no text has a word that can be misspelt.
    """
    limit = len(subject.features.data.matrix)
    subject = subject.sampled(budget.rows("changes", DRAWS * len(set(epsilons)), limit))
    index = subject.features.data.index
    rows = _TextRows(subject, names)
    if not any(words(text) for column in rows.texts.values() for text in column):
        raise Skip(f"no text of {quote_list(names)} has a word of at least two letters, which typos need")
    classes = subject.predictor(subject.features.data.matrix)
    shares = ShareMeasurer(index, subject)
    right = classes == true_classes(subject)[index]
    word_counts = _WordCounts()
    effects = _effects(rows, sorted(set(epsilons)), classes, word_counts, subject.backend)
    is_sample = len(index) < subject.rows
    sampled = f" {len(index):,} of {subject.rows:,} rows were drawn at random." if is_sample else ""
    yield Note(
        text=f"Typos: in {quote_list(names)} each word of at least two letters is misspelt with probability eps, "
        f"in {DRAWS} draws; a row counts as flipped if any draw flips it.{sampled}"
    )
    if clean:
        yield from shares.of("clean_accuracy", right, {})
    worst = np.zeros(len(classes), bool)
    for eps, effect in effects.items():
        worst = worst | effect.flipped
        changed_share = float(effect.changed.mean())
        yield from _notes_on_changes(changed_share, eps)
        if changed_share < _MIN_CHANGED_SHARE:
            continue
        for attack, flips in (("typos", effect.flipped), ("worst", worst)):
            where: Where = {"attack": attack, "norm": "words", "eps": eps}
            yield from shares.of("adversarial_accuracy", right & ~flips, where)
            yield from shares.of("flip_rate", flips, where)
    yield _table(rows.texts_of(subject.features.background.matrix), word_counts)


def _notes_on_changes(share: float, eps: float) -> Iterator[Note]:
    """Yield that typos changed few rows: that the others do not flip is no sign of robustness."""
    if eps > 0 and share < _MIN_CHANGED_SHARE:
        yield Note(
            text=f"typos of eps {eps:g} changed the texts of {share:.1%} of the rows, too few to measure "
            "their effect: neither typos nor worst of norm words is reported for that size.",
            about={**TYPOS, "eps": [eps]},
        )
    elif eps > 0 and share < _NOTED_CHANGED_SHARE:
        yield Note(
            text=f"typos of eps {eps:g} changed the texts of only {share:.0%} of the rows; the decisions on the "
            "others could not change."
        )


def _effects(
    rows: "_TextRows",
    epsilons: Sequence[float],
    classes: np.ndarray,
    word_counts: _WordCounts,
    backend: Backend,
) -> dict[float, _Effect]:
    """Return the effect of each size, rising, and count the words that are misspelt at the smallest."""
    effects = {eps: _Effect(*np.zeros((2, len(classes)), bool)) for eps in epsilons}
    numbers = [DrawNumber(number) for number in range(DRAWS)]
    for draw in backend.map(partial(_effects_of_draw, rows, epsilons, classes), numbers):
        for eps, effect in effects.items():
            np.logical_or(effect.flipped, draw.effects[eps].flipped, out=effect.flipped)
            np.logical_or(effect.changed, draw.effects[eps].changed, out=effect.changed)
        word_counts.misspelt.update(draw.word_counts.misspelt)
        word_counts.flipped.update(draw.word_counts.flipped)
    return effects


class DrawNumber(int):
    """The number of a draw of typos, from 0."""

    def __str__(self) -> str:
        return f"draw {self + 1} of typos"


class _Draw(NamedTuple):
    """The effect of each size in one draw, and the words that are misspelt at the smallest."""

    effects: dict[float, _Effect]
    word_counts: _WordCounts


def _effects_of_draw(
    rows: "_TextRows", epsilons: Sequence[float], classes: np.ndarray, draw: DrawNumber
) -> _Draw:
    """Return the effects of one draw; a larger size hits the words of the smaller ones and more."""
    smallest = min((eps for eps in epsilons if eps > 0), default=0.0)
    result = _Draw({}, _WordCounts())
    text_typos = rows.draw(int(draw), epsilons[-1])
    texts = rows.texts
    flipped, changed = np.zeros((2, len(classes)), bool)
    for eps in epsilons:
        smaller = texts
        texts = {position: [text.at(eps) for text in column] for position, column in text_typos.items()}
        index = _changed_rows(smaller, texts)
        flipped[index] = rows.classify(texts, index) != classes[index]
        changed[index] = True
        result.effects[eps] = _Effect(flipped.copy(), changed.copy())
        if eps == smallest:
            result.word_counts.add(text_typos, eps, flipped)
    return result


def _changed_rows(before: Texts, after: Texts) -> np.ndarray:
    """Return the rows in which some text is another one."""
    pairs = [zip(before[position], texts, strict=True) for position, texts in after.items()]
    return np.flatnonzero(np.any([[a != b for a, b in pair] for pair in pairs], axis=0))


class _TextRows:
    """The sampled rows with their texts."""

    def __init__(self, subject: Subject, names: Sequence[str]) -> None:
        first_columns = starts([column.width for column in subject.features.columns])
        positions = [places(subject.feeds)[name, True] for name in names]
        self._functions = subject.functions
        self._matrix = subject.features.data.matrix
        self._seed = subject.seed
        self._matrix_columns = {position: first_columns[position] for position in positions}
        self.texts = self.texts_of(self._matrix)

    def texts_of(self, matrix: np.ndarray) -> Texts:
        """Return the texts of rows of features."""
        texts: Texts = {}
        for position, column in self._matrix_columns.items():
            vocabulary = self._functions.columns[position].vocabulary or []
            texts[position] = [vocabulary[int(code)] for code in matrix[:, column]]
        return texts

    def draw(self, draw: int, largest: float) -> TextTypos:
        """Return the misspellings of each text in one draw, up to the ``largest`` size."""
        return {
            position: list(misspellings(texts, f"{self._seed} {draw} {position}", largest))
            for position, texts in self.texts.items()
        }

    def classify(self, texts: Texts, rows: np.ndarray) -> np.ndarray:
        """Return the classes decided for some rows with other texts."""
        if not len(rows):
            return np.zeros(0, np.int32)
        functions = self._functions
        columns = list(functions.columns)
        matrix = self._matrix[rows]
        for position, first_column in self._matrix_columns.items():
            vocabulary = [texts[position][row] for row in rows]
            columns[position] = replace(columns[position], vocabulary=vocabulary)
            matrix[:, first_column] = np.arange(len(rows))
        return Predictor(functions.model, functions.feeds, columns, functions.decision_rule)(matrix)


def _table(background: Texts, counts: _WordCounts) -> Table:
    """Return the words whose typos went with most flips, of those that `SHARED` background rows share."""
    rows = Counter(
        word for text in chain(*background.values()) for word in {w.casefold() for w in words(text)}
    )
    common = [word for word in counts.flipped if rows[word] >= SHARED]
    listed = sorted(common, key=lambda word: (-counts.flipped[word], word))[:_MAX_TABLE_WORDS]
    return Table(
        name="typos",
        about="words whose typos went with most flips, at the smallest size: rows in which the word was misspelt, "
        "counted in each draw, and those that flipped",
        columns={
            "word": list(listed),
            "misspelt": [counts.misspelt[word] for word in listed],
            "flipped": [counts.flipped[word] for word in listed],
        },
    )
