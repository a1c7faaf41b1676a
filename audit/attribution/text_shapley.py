"""SHAP values of the words of a text, by shap's text masker: words are left out in random order."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.frameworks.output_silencing import quiet

LEFT_OUT = " "
"""Mask that removes words."""

DOTS = "... "
"""Shap's mask, for a model that has no output for an empty text."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_MIN_MASKED_TEXTS = 500
"""Masked texts of one text. A permutation and its reverse take two for each word."""
_WORDS_OF_CALL = 2**16

TextFunction = Callable[[list[str]], np.ndarray]
"""Maps texts to the explained output, float64 ``(n,)``."""


@dataclass(frozen=True)
class TextAttribution:
    """SHAP values of the words of a text.

    ``pieces`` are the words, each with the characters up to the next one, and ``values`` float64, one a piece. ``base``
    is the output of the text without its words: with ``values`` it adds up to that of the whole text, as far as the
    masked texts are what the model would have made of them.
    """

    pieces: list[str]
    values: np.ndarray
    base: float


def words(text: str) -> list[str]:
    """Return the words of a text, letters in lower case."""
    return [word[0].casefold() for word in _WORD.finditer(text)]


def evaluations(number: int) -> int:
    """Return the number of masked texts that explain a text of ``number`` words."""
    return max(_MIN_MASKED_TEXTS, 2 * number + 1)


def attribute_words(f: TextFunction, text: str, mask: str, seed: int) -> TextAttribution:
    """Return the SHAP values of the words of ``text``, which has at least one.

    Shapley values of the game "which words the text has", sampled along permutations and their reverse (Mitchell
    et al., 2022): exact where no three words interact. The same seed gives a text the same values.

    Args:
        f: the explained output.
        text: the text.
        mask: replacement of masked words, `LEFT_OUT` or `DOTS`.
        seed: seed of the permutations.
    """
    with quiet():
        import shap

    masker = shap.maskers.Text(_tokens, mask_token=mask, collapse_mask_token=True)
    model = shap.models.Model(_cached(f))
    game = shap.utils.MaskedModel(model, masker, shap.links.identity, True, text)
    return _sample(game, masker.token_segments(text)[0], len(_spans(text)), seed)


def _sample(game: Any, pieces: list[str], number: int, seed: int) -> TextAttribution:
    """Return each word's mean marginal contribution along permutations and their reverse."""
    # `shap.explainers.Permutation` gives the same numbers, but seeds numpy's global generator and draws from it: that
    # one belongs to the calling program, and of threads that share it none would repeat.
    rng = np.random.RandomState(seed)
    passes = evaluations(number) // (2 * number + 1)
    values = np.zeros(number)
    order = np.arange(number)
    for _ in range(passes):
        rng.shuffle(order)
        # each word on, then off again
        switched = np.concatenate([[game.delta_mask_noop_value], order, order])
        outputs = game(switched, zero_index=0, batch_size=max(1, _WORDS_OF_CALL // number))
        steps = np.diff(outputs)
        values[order] += steps[:number]
        values[order] -= steps[number:]
    return TextAttribution(pieces, values / (2 * passes), float(outputs[0]))


def _cached(f: TextFunction) -> Callable[[Any], np.ndarray]:
    """Return ``f`` as a function that evaluates each text once: permutations of few words meet the same ones."""
    outputs: dict[str, float] = {}

    def cached(texts: Any) -> np.ndarray:
        new = [text for text in dict.fromkeys(map(str, texts)) if text not in outputs]
        if new:
            outputs.update(zip(new, f(new).tolist(), strict=True))
        return np.array([outputs[text] for text in texts])

    return cached


def _tokens(text: str, **_: Any) -> dict[str, list[Any]]:
    """Return words in the form of a tokenizer's output: ids, and where each begins and ends."""
    spans = _spans(text)
    return {"input_ids": [text[start:stop] for start, stop in spans], "offset_mapping": spans}


def _spans(text: str) -> list[tuple[int, int]]:
    """Return where each word begins and ends; the first and the last reach to the ends of the text.

    A text without words is one.
    """
    spans = [word.span() for word in _WORD.finditer(text)] or ([(0, len(text))] if text else [])
    if spans:
        spans[0] = 0, spans[0][1]
        spans[-1] = spans[-1][0], len(text)
    return spans
