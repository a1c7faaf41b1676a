"""SHAP values of the words of a text, by shap's text masker: what each adds as words are left out in random order."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.frameworks.output_silencing import quiet

LEFT_OUT, DOTS = " ", "... "
"""What stands for masked words: nothing, or shap's dots for a model that has no output for an empty text."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_EVALUATIONS = 500
"""Masked texts for each text, at least. A permutation and its reverse take two for each word."""
_WORDS_AT_ONCE = 2**16

Value = Callable[[list[str]], np.ndarray]
"""From texts to the explained output, float64 ``(n,)``."""


@dataclass(frozen=True)
class Worded:
    """A text in ``pieces``, each a word with what follows it, and what each adds to the output.

    ``base`` is the output of the text without its words: with ``values`` (float64, one a piece) it adds up to that of
    the whole text, as far as the masked texts are what the model would have made of them.
    """

    pieces: list[str]
    values: np.ndarray
    base: float


def words(text: str) -> list[str]:
    """Return the words of a text, letters in lower case."""
    return [word[0].casefold() for word in _WORD.finditer(text)]


def evaluations(number: int) -> int:
    """Return how many masked texts explain a text of so many words."""
    return max(_EVALUATIONS, 2 * number + 1)


def attribute_words(value: Value, text: str, mask: str, seed: int) -> Worded:
    """Return the SHAP values of the words of ``text``, which has one at least.

    Shapley values of the game "which words stand in the text", sampled along permutations and their reverse (Mitchell
    et al., 2022): exact where no three words interact. The same seed gives a text the same values.

    Args:
        value: the explained output.
        text: what is explained.
        mask: what masked words become, `LEFT_OUT` or `DOTS`.
        seed: of the permutations.
    """
    with quiet():
        import shap

    masker = shap.maskers.Text(_tokens, mask_token=mask, collapse_mask_token=True)
    masker.clustering = None  # any order of words, not only those along a tree of phrases
    number = len(_spans(text))
    state = np.random.get_state()  # shap seeds numpy's global generator
    try:
        explainer = shap.explainers.Permutation(_remembered(value), masker, seed=seed)
        at_once = max(1, _WORDS_AT_ONCE // number)
        found = explainer([text], max_evals=evaluations(number), batch_size=at_once, silent=True)
    finally:
        np.random.set_state(state)
    pieces = masker.token_segments(text)[0]
    return Worded(pieces, np.asarray(found.values[0], np.float64), float(np.ravel(found.base_values)[0]))


def _remembered(value: Value) -> Callable[[Any], np.ndarray]:
    """Return ``value`` as a function that asks for each text once: permutations of few words meet the same ones."""
    known: dict[str, float] = {}

    def remembered(texts: Any) -> np.ndarray:
        new = [text for text in dict.fromkeys(map(str, texts)) if text not in known]
        if new:
            known.update(zip(new, value(new).tolist(), strict=True))
        return np.array([known[text] for text in texts])

    return remembered


def _tokens(text: str, **_: Any) -> dict[str, list[Any]]:
    """Return words as shap takes a tokenizer's: ids, and where each begins and ends; a text without words is one."""
    spans = _spans(text)
    return {"input_ids": [text[start:stop] for start, stop in spans], "offset_mapping": spans}


def _spans(text: str) -> list[tuple[int, int]]:
    """Return where each word begins and ends; the first and the last reach to the ends of the text."""
    spans = [word.span() for word in _WORD.finditer(text)] or ([(0, len(text))] if text else [])
    if spans:
        spans[0] = 0, spans[0][1]
        spans[-1] = spans[-1][0], len(text)
    return spans
