"""SHAP values of the words of each free-text column, with all other columns fixed."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from audit.attribution.text_shapley import (
    DOTS,
    LEFT_OUT,
    TextAttribution,
    attribute_words,
    evaluations,
    words,
)
from audit.checks.explainability.example_rows import Examples
from audit.checks.explainability.explanation import Explanation
from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.inputs.features import places, starts
from audit.machine_errors import raise_if_of_memory
from audit.model.decision import explained_logit, explained_score
from audit.model.graph.multiply_adds import multiply_adds
from audit.model.logits.text_logits import TextModel
from audit.model.text_columns import free_text_columns
from audit.subject.model_functions import ModelFunctions
from audit.subject.subject import Subject

_MAX_TEXTS = 200
_MAX_WORDS = 20_000_000
"""Words that the model reads while the texts of a column are explained: of long texts fewer are."""


class OutputOfTexts:
    """Maps an explained row's place, and replacements of its text, to the explained output, float64 ``(texts,)``.

    Args:
        functions: the model.
        name: the column of the texts.
        tables: what the output takes of each row besides the text: its features ``(rows, columns)``, and where the
            class decided on is explained, that class ``(rows,)``.
        texts: the rows' texts.
        score: whether P(favourable) is explained.
    """

    def __init__(
        self,
        functions: ModelFunctions,
        name: str,
        tables: Sequence[np.ndarray],
        texts: Sequence[str],
        score: bool,
    ) -> None:
        self._functions = functions
        self._name = name
        self._tables = tables
        self.texts = texts
        self._score = score
        self._function, self._signature = self._graph_function()
        self._compiled = graph(self._function, self._signature)

    def __reduce__(self) -> "tuple[type[OutputOfTexts], tuple[Any, ...]]":
        return type(self), (self._functions, self._name, self._tables, self.texts, self._score)

    def __call__(self, place: int, texts: Sequence[str]) -> np.ndarray:
        """Return the explained output of the row at ``place`` with other texts."""
        repeated = (np.repeat(table[place : place + 1], len(texts), axis=0) for table in self._tables)
        return np.asarray(self._compiled(tensorflow().constant(texts), *repeated).numpy(), np.float64)

    def multiply_adds(self, words: int) -> int:
        """Return the multiply-adds of a text of so many words."""
        return multiply_adds(self._function, self._signature, unknown=words)

    def _graph_function(self) -> tuple[Callable[..., Any], list[Any]]:
        """Return the output as a function of texts and rows, and its signature."""
        functions = self._functions
        rule = functions.decision_rule
        model = TextModel(functions.model, rule.head, functions.feeds, functions.columns, self._name)
        logits = model.logits(functions.model.frozen, functions.logits, self._tables[0], self.texts)
        outcome = explained_score if self._score else explained_logit
        specs = [tensorflow().TensorSpec([None, *table.shape[1:]], table.dtype) for table in self._tables]

        def function(texts: Any, rows: Any, *target: Any) -> Any:
            return outcome(logits(rows, texts), rule, *target)

        return function, [tensorflow().TensorSpec([None], tensorflow().string), *specs]


class TextPlace(int):
    """The place of a text among the explained rows, from 0."""

    def __str__(self) -> str:
        return f"the text of the explained row {self + 1:,}"


def _explained_text(output: OutputOfTexts, mask: str, seed: int, place: TextPlace) -> TextAttribution:
    return attribute_words(partial(output, place), output.texts[place], mask, seed)


@dataclass(frozen=True)
class TextColumn:
    """The explained texts of the column ``name``.

    ``places`` are their places among the explained rows, ``outputs`` the explained output, float64 ``(texts,)``.
    ``background_counts`` is the number of background rows that have a word, ``unaffordable`` the number of texts that
    the budget does not suffice for, and ``mask`` the replacement of masked words.
    """

    name: str
    places: list[int]
    texts: list[TextAttribution]
    outputs: np.ndarray
    background_counts: Counter[str]
    unaffordable: int
    mask: str

    @property
    def additivity_error(self) -> float:
        """Largest distance between output and base plus values, relative to the largest output (or 1)."""
        sums = np.array([text.base + text.values.sum() for text in self.texts])
        return float(np.abs(sums - self.outputs).max() / max(1.0, np.abs(self.outputs).max()))


def attribute_texts(
    explanation: Explanation, subject: Subject, score: bool, budget: float
) -> Iterator[TextColumn | str]:
    """Yield the explained texts of each free-text column, example rows first, or the reason why there are none.

    Args:
        explanation: the explained rows.
        subject: the model and the data.
        score: whether P(favourable) is explained.
        budget: multiply-adds of the model on masked texts, spread evenly over the columns.
    """
    names = free_text_columns(subject.model, subject.feeds)
    for name in names:
        column = _FreeText(explanation, subject, name, score, budget / len(names))
        if not column.places:
            yield (
                f"{name}: no text is explained by its words: the budget does not suffice for {column.unaffordable:,}, "
                "the others have none."
            )
            continue
        mask = next((m for m in (LEFT_OUT, DOTS) if _has_output(column.output, column.places[0], m)), None)
        if mask is None:
            yield f"{name}: texts are not explained by their words: the model has no finite output for one without any."
            continue
        yield column.attribute(mask)


class _FreeText:
    """One column of texts in the explained rows.

    ``places`` are the rows that the budgets of words and of multiply-adds suffice for, example rows first, and
    ``unaffordable`` the number of texts that they do not suffice for.
    """

    def __init__(
        self, explanation: Explanation, subject: Subject, name: str, score: bool, budget: float
    ) -> None:
        feature = places(subject.feeds)[name, True]
        self._at = starts([column.width for column in explanation.columns])[feature]
        self._vocabulary = explanation.columns[feature].vocabulary or []
        self._name = name
        self._explanation = explanation
        self._subject = subject
        self._texts = self._decoded(explanation.matrix)
        targets = explanation.targets
        tables = [explanation.matrix, *([] if targets is None else [targets])]
        self.output = OutputOfTexts(subject.functions, name, tables, self._texts, score)
        numbers = np.array([len(words(text)) for text in self._texts])
        lengths = [1, max(2, *numbers)]
        costs = [self.output.multiply_adds(number) for number in lengths]
        self.places: list[int] = []
        self.unaffordable = 0
        self._choose(numbers, np.interp(numbers, lengths, costs), budget)

    def _choose(self, numbers: np.ndarray, costs: np.ndarray, budget: float) -> None:
        """Take texts as far as the budgets reach; ``numbers`` of words, ``costs`` of one evaluation, ``(rows,)``."""
        examples = [row.place for row in Examples(self._explanation, self._subject).rows()]
        others = np.random.default_rng([self._subject.seed, 4]).permutation(len(self._texts)).tolist()
        left = np.array([_MAX_WORDS, budget])
        for place in dict.fromkeys([*examples, *others]):
            needed = evaluations(int(numbers[place])) * np.array([numbers[place], costs[place]])
            if numbers[place] and (needed > left).any():
                self.unaffordable += 1
            elif numbers[place] and len(self.places) < _MAX_TEXTS:
                self.places.append(place)
                left -= needed

    def _decoded(self, matrix: np.ndarray) -> list[str]:
        return [self._vocabulary[int(code)] for code in matrix[:, self._at]]

    def attribute(self, mask: str) -> TextColumn:
        """Return the SHAP values of the words of the rows at ``places``."""
        explain = partial(_explained_text, self.output, mask, self._subject.seed)
        texts = list(self._subject.backend.map(explain, map(TextPlace, self.places)))
        outputs = np.array([self.output(place, [self._texts[place]])[0] for place in self.places])
        background = self._decoded(self._subject.features.background.matrix)
        counts = Counter(word for text in background for word in set(words(text)))
        return TextColumn(self._name, self.places, texts, outputs, counts, self.unaffordable, mask)


def _has_output(output: OutputOfTexts, place: int, mask: str) -> bool:
    try:
        return bool(np.isfinite(output(place, [mask.strip()])).all())
    except tensorflow().errors.OpError as error:
        raise_if_of_memory(error)
        return False
