"""Typos are what fingers do: one slip a word, the same for the same seed, and as many as are asked for."""

from __future__ import annotations

import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.perturbations.typos import misspellings, neighbours, typos, words

LETTERS = st.characters(categories=["Lu", "Ll", "Lo"])
SPACED = LETTERS.filter(lambda letter: not unspaced(letter))
WORDS = st.text(SPACED, min_size=4, max_size=12)
TEXT = "Nobody apologised: the parcel (a present for Zoë) never arrived, again!"


def unspaced(letter: str) -> bool:
    """Tell by Unicode's names, which the code does not use."""
    return unicodedata.name(letter, "").startswith(("CJK", "HIRAGANA", "KATAKANA"))


def distance(a: str, b: str) -> int:
    """Damerau and Levenshtein's, with swaps of neighbours, by the textbook's recurrence."""
    d = np.zeros((len(a) + 1, len(b) + 1), int)
    d[:, 0], d[0] = range(len(a) + 1), range(len(b) + 1)
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            d[i, j] = min(d[i - 1, j] + 1, d[i, j - 1] + 1, d[i - 1, j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                d[i, j] = min(d[i, j], d[i - 2, j - 2] + 1)
    return int(d[-1, -1])


@given(WORDS)
def test_a_typo_is_one_slip_inside_a_word(word: str) -> None:
    found = [typo for kind in typos(word) for typo in kind]
    assert found
    assert {distance(word, typo) for typo in found} == {1}
    assert {(typo[0], typo[-1]) for typo in found} == {(word[0], word[-1])}


def test_each_kind_by_hand() -> None:
    swapped, dropped, added, replaced = (set(kind) for kind in typos("quit"))
    assert swapped == {"qiut"}
    assert dropped == {"qit", "qut"}
    assert added == {f"qu{key}it" for key in "yihj"} | {f"qui{key}t" for key in "uojk"}
    assert replaced == {f"q{key}it" for key in "yihj"} | {f"qu{key}t" for key in "uojk"}


def test_kinds_that_change_nothing_are_left_out() -> None:
    assert len(typos("noon")) == 3  # its inner letters are the same: no swap
    swapped, dropped, added = typos(
        "речь"
    )  # no keyboard is known for it: letters are doubled, and not replaced
    assert (set(swapped), set(dropped), set(added)) == ({"рчеь"}, {"рчь", "реь"}, {"реечь", "реччь"})


@pytest.mark.parametrize(
    ("key", "around"), [("a", "sqwz"), ("g", "fhtyvb"), ("p", "ol"), ("G", "FHTYVB"), ("é", "")]
)
def test_neighbours_on_the_keyboard(key: str, around: str) -> None:
    assert set(neighbours(key)) == set(around)


@given(st.text(max_size=80), st.integers(0, 99), st.floats(0, 1), st.floats(0, 1))
def test_only_words_change_and_a_larger_share_changes_the_same_and_more(
    text: str, seed: int, one: float, other: float
) -> None:
    small, large = sorted([one, other])
    (drawn,) = misspellings([text], str(seed))
    assert drawn.at(0.0) == text
    assert Counter(drawn.hit(small)) <= Counter(drawn.hit(large)) <= Counter(words(text))
    restored = drawn.at(large)
    for typo in (
        typo for typo in drawn.misspellings if typo.chance < large
    ):  # put each word back where it stood
        start, stop = typo.start, typo.start + len(typo.word)
        restored = restored[:start] + text[typo.start : typo.stop] + restored[stop:]
    assert restored == text


def test_the_share_of_words_is_met_on_average() -> None:
    texts = [TEXT] * 2000
    for share in (0.05, 0.2, 1.0):
        hits = [len(drawn.hit(share)) for drawn in misspellings(texts, "0")]
        number = len(words(TEXT))
        assert number == 10
        assert np.mean(hits) / number == pytest.approx(
            share, abs=4 * np.sqrt(share * (1 - share) / len(texts) / number) + 1e-12
        )


def test_every_kind_and_place_is_drawn() -> None:
    seen = {drawn.at(1.0) for drawn in misspellings(["quit"] * 3000, "0")}
    assert seen == {typo for kind in typos("quit") for typo in kind}


def test_the_same_seed_misspells_alike_and_another_does_not() -> None:
    first, again, other = ([d.at(0.5) for d in misspellings([TEXT] * 20, seed)] for seed in ("7", "7", "8"))
    assert first == again != other


def test_letters_alone_and_numbers_are_left_alone() -> None:
    (drawn,) = misspellings(["I paid 10000 for a B2B 4U 7781"], "0")
    assert drawn.at(1.0).replace(drawn.misspellings[0].word, "paid") != drawn.text
    assert drawn.hit(1.0) == ["paid", "for"]


@pytest.mark.parametrize(
    ("word", "found"),
    [("he", {"eh"}), ("she", {"hse", "seh"}), ("see", {"ese"}), ("mm", {"m", "mnm", "mkm", "mjm"})],
)
def test_two_letters_of_a_short_word_change_places(word: str, found: set[str]) -> None:
    assert {typo for kind in typos(word) for typo in kind} >= found
    assert len(typos(word)) == 1 or word == "mm"
    assert len(set(word)) == 1 or {typo for kind in typos(word) for typo in kind} == found


def test_without_spaces_pairs_of_letters_are_words_and_every_letter_may_be_hit() -> None:
    assert words("好的服务 坏 不好吗") == ["好的", "服务", "不好吗"]
    assert {typo for kind in typos("好的") for typo in kind} == {"的好", "好", "的", "好好的", "好的的"}


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=9))
def test_such_words_cover_the_run_and_each_is_one_slip_away(run: str) -> None:
    assert "".join(words(run)) == run
    assert {distance(word, typo) for word in words(run) for kind in typos(word) for typo in kind} == {1}
