"""Typing errors in texts: letters swapped, dropped, doubled by a neighbouring key, or replaced by one.

The four kinds of Pruthi et al. (2019), "Combating Adversarial Misspellings with Robust Word Recognition", after the
noise of Belinkov and Bisk (2018), "Synthetic and Natural Noise Both Break Neural Machine Translation". As there, the
first and the last letter of a word stay: a person still reads it. They leave words of fewer than four letters alone;
here two letters of those change places, since "no" and "she" decide as well. In Chinese and Japanese, which put no
spaces between words, two or three letters in a row count as one, and any of them may be hit.
"""

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

_MIN_LONG_WORD = 4
"""Letters of a word from which on its first and last letter stay."""

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana and Han
_STARTS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_WORD = re.compile(rf"[{_UNSPACED}]{{2,3}}(?![{_UNSPACED}])|[{_UNSPACED}]{{2}}|[^\W\d_{_UNSPACED}]{{2,}}")
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


@dataclass(frozen=True)
class Misspelling:
    """``word`` replaces ``text[start:stop]`` at shares of misspelt words above ``chance``."""

    chance: float
    start: int
    stop: int
    word: str


@dataclass(frozen=True)
class Misspellings:
    """The misspellings drawn for one text: the larger the share of words, the more of them, and none is changed."""

    text: str
    misspellings: list[Misspelling]

    def at(self, share: float) -> str:
        """Return the text with each word of two letters or more misspelt once, with probability ``share``."""
        parts = []
        done = 0
        for one in self.misspellings:
            if one.chance < share:
                parts += [self.text[done : one.start], one.word]
                done = one.stop
        return "".join([*parts, self.text[done:]])

    def hit(self, share: float) -> list[str]:
        """Return the words that are misspelt at ``share``, as in the text."""
        return [self.text[one.start : one.stop] for one in self.misspellings if one.chance < share]


def words(text: str) -> list[str]:
    """Return the words that may be misspelt."""
    return [word[0] for word in _WORD.finditer(text)]


def misspellings(texts: Iterable[str], seed: str, max_share: float = 1.0) -> Iterator[Misspellings]:
    """Yield one draw for each text.

    Args:
        texts: the texts.
        seed: seed of the draw; equal seeds and texts give equal misspellings.
        max_share: the largest share of words that will be asked for.
    """
    rng = random.Random(seed)
    for text in texts:
        chances = [(rng.random(), word) for word in _WORD.finditer(text)]
        hits = [(chance, word) for chance, word in chances if chance < max_share]
        yield Misspellings(text, [Misspelling(c, *word.span(), _misspelt(word[0], rng)) for c, word in hits])


def _misspelt(word: str, rng: random.Random) -> str:
    return rng.choice(rng.choice(typos(word)))


@lru_cache(maxsize=2**16)  # texts are made of the same words
def typos(word: str) -> tuple[tuple[str, ...], ...]:
    """Return the typos of a word of two letters or more, kind by kind; each kind holds at least one."""
    unspaced = bool(_STARTS_UNSPACED.match(word))
    any_letter = unspaced or len(word) < _MIN_LONG_WORD
    inner = range(len(word)) if any_letter else range(1, len(word) - 1)
    swapped = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in inner[:-1]]
    if (
        any_letter and not unspaced and len(set(word)) > 1
    ):  # what is dropped or replaced in it leaves another word
        return (tuple(typo for typo in swapped if typo != word),)
    dropped = [word[:i] + word[i + 1 :] for i in inner]
    added = [word[: i + 1] + key + word[i + 1 :] for i in inner for key in neighbours(word[i]) or word[i]]
    replaced = [word[:i] + key + word[i + 1 :] for i in inner for key in neighbours(word[i])]
    kinds = (tuple(t for t in kind if t != word) for kind in (swapped, dropped, added, replaced))
    return tuple(kind for kind in kinds if kind)


@lru_cache(maxsize=2**10)
def neighbours(letter: str) -> str:
    """Return the letters around a letter on a QWERTY keyboard, in its case; none for other scripts."""
    key = letter.lower()
    row = next((row for row, keys in enumerate(_KEYS) if key in keys), None)
    if row is None:
        return ""
    at = _KEYS[row].index(key)
    # Each row of keys stands half a key to the right of the one above.
    around = [
        (row, at - 1),
        (row, at + 1),
        (row - 1, at),
        (row - 1, at + 1),
        (row + 1, at - 1),
        (row + 1, at),
    ]
    keys = "".join(_KEYS[r][c] for r, c in around if 0 <= r < len(_KEYS) and 0 <= c < len(_KEYS[r]))
    return keys if letter == key else keys.upper()
