"""Which words of a text the decisions rest on: SHAP values over the words of each prose column, the others held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from audit.attribution.text_shapley import DOTS, LEFT_OUT, Worded, attribute_words, evaluations, words
from audit.checks.explainability.example_rows import telling
from audit.checks.explainability.explanation import Explained
from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.inputs.features import places, starts
from audit.model.decision import favorable_logit, favorable_score
from audit.model.graph.frozen import Frozen
from audit.model.logits.text_logits import Wording
from audit.model.text_columns import prose_columns
from audit.subject.subject import Subject

_MOST_TEXTS = 200
_MOST_WORDS = 20_000_000
"""Words that the model reads while the texts of a column are explained: of long texts fewer are."""

Output = Callable[[int, list[str]], np.ndarray]
"""From the place of an explained row, and texts in place of its own, to the explained output, float64 ``(texts,)``."""


@dataclass(frozen=True)
class Texts:
    """The explained texts of the column ``name``.

    ``places`` are their places among the explained rows, ``outputs`` the explained output, float64 ``(texts,)``.
    ``shared`` counts in how many background rows a word stands, ``long`` the texts left out for their length, and
    ``mask`` is what stood for masked words.
    """

    name: str
    places: list[int]
    found: list[Worded]
    outputs: np.ndarray
    shared: Counter[str]
    long: int
    mask: str

    @property
    def additivity_error(self) -> float:
        """Largest distance between output and base plus values, relative to the largest output (or 1)."""
        told = np.array([one.base + one.values.sum() for one in self.found])
        return float(np.abs(told - self.outputs).max() / max(1.0, np.abs(self.outputs).max()))


def explained_texts(explained: Explained, subject: Subject, score: bool) -> Iterator[Texts | str]:
    """Yield the explained texts of each prose column, or why there are none. Rows that tell most come first.

    Args:
        explained: the explained rows.
        subject: the model and the data.
        score: whether P(favourable) is explained.
    """
    if not any(feed.is_text for feed in subject.feeds):
        return
    frozen = subject.model.frozen
    for name in prose_columns(subject.model, subject.feeds):
        column = _Prose(explained, subject, name)
        chosen, long = column.affordable()
        if not chosen:
            yield f"{name}: no text is explained by its words: {long:,} are too long, the others have none."
            continue
        output = column.output(frozen, score)
        mask = next((m for m in (LEFT_OUT, DOTS) if _has_output(output, chosen[0], m)), None)
        if mask is None:
            yield f"{name}: texts are not explained by their words: the model has no finite output for one without any."
            continue
        yield column.explained(chosen, output, mask, long)


class _Prose:
    """One column of texts in the explained rows."""

    def __init__(self, explained: Explained, subject: Subject, name: str) -> None:
        place = places(subject.feeds)[name, True]
        self._at = starts([column.width for column in explained.columns])[place]
        self._vocabulary = explained.columns[place].vocabulary or []
        self._name, self._explained, self._subject = name, explained, subject
        self._texts = self._of(explained.matrix)

    def _of(self, matrix: np.ndarray) -> list[str]:
        return [self._vocabulary[int(code)] for code in matrix[:, self._at]]

    def affordable(self) -> tuple[list[int], int]:
        """Return the rows to explain, and how many texts were too long for what the rows before them left."""
        told = [place for _, place in telling(self._explained, self._subject)]
        drawn = np.random.default_rng([self._subject.seed, 4]).permutation(len(self._texts)).tolist()
        chosen, left, long = list[int](), _MOST_WORDS, 0
        for place in dict.fromkeys([*told, *drawn]):
            number = len(words(self._texts[place]))
            cost = number * evaluations(number)
            if cost > left:
                long += 1
            elif number and len(chosen) < _MOST_TEXTS:
                chosen.append(place)
                left -= cost
        return chosen, long

    def output(self, frozen: Frozen | None, score: bool) -> Output:
        """Return the explained output as a function of texts."""
        subject, matrix = self._subject, self._explained.matrix
        wording = Wording(
            subject.model, subject.decider.head, subject.feeds, self._explained.columns, self._name
        )
        logits = wording.logits(frozen, subject.logits, matrix, self._texts)
        outcome = favorable_score if score else favorable_logit
        tf = tensorflow()
        given = [tf.TensorSpec([None, matrix.shape[1]], matrix.dtype), tf.TensorSpec([None], tf.string)]
        traced = graph(lambda rows, texts: outcome(logits(rows, texts), subject.decider), given)

        def output(place: int, texts: list[str]) -> np.ndarray:
            rows = np.repeat(matrix[place : place + 1], len(texts), axis=0)
            return np.asarray(traced(rows, tf.constant(texts)).numpy(), np.float64)

        return output

    def explained(self, chosen: list[int], output: Output, mask: str, long: int) -> Texts:
        """Return the SHAP values of the words of the chosen rows."""
        seed = self._subject.seed
        found = [
            attribute_words(lambda texts, place=place: output(place, texts), self._texts[place], mask, seed)  # type: ignore[misc]
            for place in chosen
        ]
        outputs = np.array([output(place, [self._texts[place]])[0] for place in chosen])
        background = self._of(self._subject.features.background.matrix)
        shared = Counter(word for text in background for word in set(words(text)))
        return Texts(self._name, chosen, found, outputs, shared, long, mask)


def _has_output(output: Output, place: int, mask: str) -> bool:
    try:
        return bool(np.isfinite(output(place, [mask.strip()])).all())
    except tensorflow().errors.OpError:
        return False
