"""SHAP values of words: against closed forms, all subsets of words by brute force, and shap's exact explainer."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from math import factorial

import numpy as np
import pytest
import shap
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.attribution.text_shapley import DOTS, LEFT_OUT, attribute_words, evaluations, words

WEIGHTS = {"great": 2.0, "bad": -1.5, "film": 0.25}
PAIRS = {("not", "great"): -3.0, ("bad", "film"): -0.5, ("not", "bad"): 1.75}


def own(text: str) -> list[str]:
    """Split as a model would: lower case, letters only."""
    return re.findall("[a-z]+", text.lower())


def additive(texts: list[str]) -> np.ndarray:
    return np.array([0.5 + sum(WEIGHTS.get(word, 0.0) for word in own(text)) for text in texts])


def pairwise(texts: list[str]) -> np.ndarray:
    """Pairs of words interact wherever both stand; no three do, as long as none is repeated."""
    found = [set(own(text)) for text in texts]
    pairs = [sum(w for pair, w in PAIRS.items() if set(pair) <= has) for has in found]
    return additive(texts) + np.array(pairs)


def mean(texts: list[str]) -> np.ndarray:
    """A mean over words: all of them interact."""
    found = [[WEIGHTS.get(word, 0.0) for word in own(text)] for text in texts]
    return np.array([4 * sum(has) / max(1, len(has)) for has in found])


def shapley(value: Callable[[list[str]], np.ndarray], pieces: list[str]) -> np.ndarray:
    """Return Shapley values by their definition: over all sets of the other words."""
    count = len(pieces)
    found = np.zeros(count)
    for player in range(count):
        others = [i for i in range(count) if i != player]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for team in combinations(others, size):
                both = ["".join(pieces[i] for i in sorted(s)) for s in ((*team, player), team)]
                found[player] += weight * float(np.subtract(*value(both)))
    return found


def test_a_sum_over_words_gives_each_its_own_weight() -> None:
    found = attribute_words(additive, "A great, GREAT film - not bad!", LEFT_OUT, 0)
    assert found.pieces == ["A ", "great, ", "GREAT ", "film - ", "not ", "bad!"]
    np.testing.assert_allclose(found.values, [0, 2, 2, 0.25, 0, -1.5], atol=1e-12)
    assert found.base == 0.5


@pytest.mark.parametrize("text", ["Not great, bad film", "great is bad, not film", "great"])
def test_pairs_of_words_share_what_they_do_together(text: str) -> None:
    found = attribute_words(pairwise, text, LEFT_OUT, 0)
    np.testing.assert_allclose(found.values, shapley(pairwise, found.pieces), atol=1e-12)


def test_words_that_all_interact_are_sampled_around_their_shapley_values() -> None:
    text = "A great film, not a bad one"
    drawn = [attribute_words(mean, text, LEFT_OUT, seed) for seed in range(30)]
    values, expected = np.array([one.values for one in drawn]), shapley(mean, drawn[0].pieces)
    error = values.std(0, ddof=1) / len(values) ** 0.5
    assert np.ptp(expected) > 20 * error.max() > 0
    assert (np.abs(values.mean(0) - expected) < 4 * error).all()
    for one in drawn:
        assert one.base + one.values.sum() == pytest.approx(float(mean([text])[0]))


def test_shap_finds_the_same_over_masks() -> None:
    """shap's exact explainer, given the game as a function of zeros and ones."""
    pieces = ["not ", "great ", "bad ", "film"]

    def game(masks: np.ndarray) -> np.ndarray:
        return pairwise(["".join(np.array(pieces)[mask > 0.5]) for mask in masks])

    oracle = shap.explainers.Exact(game, shap.maskers.Independent(np.zeros((1, 4))))(np.ones((1, 4)))
    found = attribute_words(pairwise, "".join(pieces), LEFT_OUT, 0)
    np.testing.assert_allclose(found.values, oracle.values[0], atol=1e-12)


def test_dots_stand_for_words_where_a_text_may_not_be_empty() -> None:
    seen: list[str] = []

    def value(texts: list[str]) -> np.ndarray:
        seen.extend(texts)
        return additive(texts)

    found = attribute_words(value, "great film", DOTS, 0)
    assert set(seen) == {"...", "great ...", "... film", "great film"}
    np.testing.assert_allclose(found.values, [2, 0.25])


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=60).filter(words))
def test_the_pieces_are_the_text_and_their_values_add_up(text: str) -> None:
    found = attribute_words(additive, text, LEFT_OUT, 0)
    assert "".join(found.pieces) == text
    assert [words(piece)[:1] for piece in found.pieces] == [[word] for word in words(text)]
    assert found.base + found.values.sum() == pytest.approx(float(additive([text])[0]))


def test_the_same_seed_repeats_and_numpys_own_generator_is_left_alone() -> None:
    text = "one two three four five six great bad film not " * 2
    np.random.seed(5)
    expected = np.random.random(3)
    np.random.seed(5)
    first, again, other = (attribute_words(mean, text, LEFT_OUT, seed).values for seed in (1, 1, 2))
    np.testing.assert_array_equal(np.random.random(3), expected)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_shaps_sampler_finds_the_same_to_the_last_bit() -> None:
    """Under the same seed, over all words that interact; it seeds numpy's global generator, which is put back."""
    state = np.random.get_state()
    for seed, text in enumerate(["great", "A great film, not a bad one", "great film not bad " * 30]):
        found = attribute_words(mean, text, LEFT_OUT, seed)
        masker = shap.maskers.Text(r"\W+", mask_token=LEFT_OUT, collapse_mask_token=True)
        masker.clustering = None
        oracle = shap.explainers.Permutation(lambda texts: mean(list(texts)), masker, seed=seed)
        expected = oracle([text], max_evals=evaluations(len(found.pieces)), silent=True)
        np.testing.assert_array_equal(found.values, expected.values[0])
    np.random.set_state(state)


def test_a_program_that_draws_meanwhile_and_the_values_do_not_disturb_each_other() -> None:
    """As another thread would: the model draws from numpy's global generator whenever it is called."""
    text = "one two three four five six great bad film not " * 2
    alone = attribute_words(mean, text, LEFT_OUT, 1).values
    drawn = list[float]()

    def drawing(texts: list[str]) -> np.ndarray:
        drawn.append(np.random.random())
        return mean(texts)

    np.random.seed(5)
    found = attribute_words(drawing, text, LEFT_OUT, 1).values
    np.random.seed(5)
    np.testing.assert_array_equal(drawn, np.random.random(len(drawn)))
    np.testing.assert_array_equal(found, alone)
    assert len(drawn) > 5


def test_a_long_text_gets_one_permutation_and_its_reverse() -> None:
    seen = 0

    def value(texts: list[str]) -> np.ndarray:
        nonlocal seen
        seen += len(texts)
        return additive(texts)

    found = attribute_words(value, "great film " * 300, LEFT_OUT, 0)
    assert seen == evaluations(600) - 1 == 1200  # the text without words is met at both ends
    np.testing.assert_allclose(found.values, [2, 0.25] * 300, atol=1e-9)


def test_words() -> None:
    assert words("Don't PANIC: it's O’Neill's 2nd_try, naïve-ly") == [
        *("don't", "panic", "it's", "o’neill's", "2nd_try", "naïve", "ly"),
    ]
    assert words(" … !") == []
