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
    model = shap.models.Model(_remembered(value))
    game = shap.utils.MaskedModel(model, masker, shap.links.identity, True, text)
    values, base = _sampled(game, len(_spans(text)), seed)
    return Worded(masker.token_segments(text)[0], values, base)


def _sampled(game: Any, number: int, seed: int) -> tuple[np.ndarray, float]:
    """Return each word's mean marginal contribution along permutations and their reverse, and the output of no words.

    The numbers are those of `shap.explainers.Permutation`, which seeds numpy's global generator and draws from it:
    that one belongs to the calling program, and of threads that share it none would repeat.

    Args:
        game: shap's model of masked texts.
        number: of words.
        seed: of the permutations.
    """
    rng = np.random.RandomState(seed)
    passes = evaluations(number) // (2 * number + 1)
    values = np.zeros(number)
    order = np.arange(number)
    for _ in range(passes):
        rng.shuffle(order)
        switched = np.concatenate(
            [[game.delta_mask_noop_value], order, order]
        )  # each word on, then off again
        outputs = game(switched, zero_index=0, batch_size=max(1, _WORDS_AT_ONCE // number))
        steps = np.diff(outputs)
        values[order] += steps[:number]
        values[order] -= steps[number:]
    return values / (2 * passes), float(outputs[0])


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
