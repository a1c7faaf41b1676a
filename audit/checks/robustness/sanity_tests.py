"""What shows that an attack was a fair one: each test a pure function of what flipped, with its figure.

Sources: Carlini et al., "On Evaluating Adversarial Robustness" (2019), section 4; Athalye, Carlini and Wagner, ICML
2018, section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from audit.stats.paired_proportions import difference
from audit.stats.proportions import clopper_pearson

LITTLE = 0.05
"""Of rows without a gradient, and of change that gradients miss: beyond it something else has to look."""
FAR = 0.9
"""Of the rows that values of the background flip: what an attack with room for all of these has to flip."""
BEATEN = 0.01
"""Of the rows: what a search by other means may flip of those that stood."""
UNSEEN = 0.05
"""Of the rows: what such a search must not leave possible, if there are rows enough to tell."""
TOLD = 0.6
"""Of small moves: what has to change the scores, so that a search has something to go by. On forests of 20 trees and
more 88 to 100 % did, on a network that saturates 79 %, on votes of 15 trees half."""
_PAIRED = 11
"""Columns of which the black box tries every two together, whatever their scores say."""
_TAIL = 0.005
"""Error on each side: several tests are made in each audit, and an honest network should stand them all."""
_REACH = "flips by a very large attack, of rows that values of the background flip"

Verdict = Literal["holds", "holds, of few rows", "in doubt", "not judged"]


@dataclass(frozen=True)
class Finding:
    """One test, by name, and what it ``asks`` for.

    ``figure`` has its interval at 99 % (``span``), None where there is none; ``rows`` are those that it is made of.
    ``doubt`` says in words what was found where it does not hold, and is empty where it does. ``few`` says that so few
    rows would show a fault only where it is a large one.
    """

    test: str
    asks: str
    doubt: str = ""
    figure: float | None = None
    span: tuple[float, float] | None = None
    rows: int = 0
    few: bool = False

    @property
    def verdict(self) -> Verdict:
        """Whether it holds; a test of no rows says nothing."""
        if self.doubt or not self.rows:
            return "in doubt" if self.doubt else "not judged"
        return "holds, of few rows" if self.few else "holds"


def zero_gradient(zero: np.ndarray) -> Finding:
    """Judge the rows without a gradient, bool ``(rows,)``: what an attack along one does not flip proves nothing."""
    share, span = _share(int(zero.sum()), len(zero))
    doubt = f"{share:.0%} of the rows have no gradient" if share > LITTLE else ""
    return Finding("rows without a gradient", f"at most {100 * LITTLE:.0f} %", doubt, share, span, len(zero))


def missed(share: float, rows: int) -> Finding:
    """Judge the share of the log-odds' change, when columns move by themselves, whose sign the gradient misses."""
    doubt = f"{share:.0%} of what small moves change runs against the gradient" if share > LITTLE else ""
    test = "change by small moves that the gradient misses"
    return Finding(test, f"at most {100 * LITTLE:.0f} %", doubt, share, None, rows)


def beaten(weaker: str, by: np.ndarray, stronger: str, found: np.ndarray) -> Finding:
    """Judge whether what should be weaker flips more, by the paired difference of shares of the rows.

    Args:
        weaker: its name.
        by: what it flips, bool ``(rows,)``.
        stronger: the name of what it is compared with.
        found: what that flips, bool ``(rows,)``.
    """
    only = [int((by & ~found).sum()), int((found & ~by).sum())]
    limits = difference([*only, len(by)], _TAIL)
    more, span = float(limits.estimate), (float(limits.low), float(limits.high))
    doubt = f"{weaker} flips {more:.1%} of the rows more than {stronger}" if span[0] > 0 else ""
    return Finding(f"flips by {weaker}, less those by {stronger}", "not above 0", doubt, more, span, len(by))


def reach(by_values: np.ndarray, by_attack: np.ndarray) -> Finding:
    """Judge what an attack flips with room for all values of the background, of the rows that these values flip."""
    rows = int(by_values.sum())
    if not rows:
        return Finding(_REACH, f"{100 * FAR:.0f} % or more")
    share, span = _share(int((by_values & by_attack).sum()), rows)
    doubt = f"even a very large attack flips no more than {share:.0%} of the rows that values of the background flip"
    return Finding(_REACH, f"{100 * FAR:.0f} % or more", doubt if span[1] < FAR else "", share, span, rows)


def unscored() -> Finding:
    """Return that a very large attack cannot be judged: the model has no scores for values of the background."""
    doubt = "the model has no scores for some rows with values of the background"
    return Finding(_REACH, f"{100 * FAR:.0f} % or more", doubt)


def outdone(search: str, others: np.ndarray) -> Finding:
    """Judge what another search flips of the rows that stood, bool, one for each row, standing or not.

    More than `BEATEN` is a doubt where it is shown, and also where more than `UNSEEN` is not ruled out although rows
    without a flip would do so: that a share is not shown to be too large does not show that it is small.
    """
    share, span = _share(int(others.sum()), len(others))
    enough = _share(0, len(others))[1][1] <= UNSEEN
    more = span[0] > BEATEN or (enough and share > BEATEN and span[1] > UNSEEN)
    doubt = f"{search} flips another {share:.1%} of the rows" if more else ""
    asks = f"at most {100 * BEATEN:.0f} %, and more than {100 * UNSEEN:.0f} % ruled out"
    few = span[1] > UNSEEN
    return Finding(f"more rows flipped by {search}", asks, doubt, share, span, len(others), few)


def told_apart(log_odds: np.ndarray, columns: int) -> Finding:
    """Judge whether scores say more than the decision: a search goes where they come nearer to another one.

    Where they are bare labels it is blind, and where they stay the same under most moves it sees little. Of few columns
    it tries every two at their ends all the same, and finds what flips a tree.

    Args:
        log_odds: ``(2 n, classes)``, of ``n`` rows and then of ``n`` others: what noise makes of them.
        columns: how many may move.
    """
    pairs, classes = len(log_odds) // 2, log_odds.shape[1]
    share = float((log_odds[:pairs] != log_odds[pairs : 2 * pairs]).any(1).mean()) if pairs else 0.0
    bare, still = len(np.unique(log_odds, axis=0)) <= classes, columns > _PAIRED and share < TOLD
    doubt = (
        f"the scores stay the same in {1 - share:.0%} of small moves, and guide a search badly"
        if still
        else ""
    )
    if bare:
        doubt = "the scores are bare labels, which guide no search"
    asks = f"{100 * TOLD:.0f} % or more" if columns > _PAIRED else f"more than the {classes} classes"
    return Finding("small moves that scores tell apart", asks, doubt, share, None, pairs)


def _share(count: int, rows: int) -> tuple[float, tuple[float, float]]:
    limits = clopper_pearson(np.asarray(float(count)), np.asarray(float(max(rows, 1))), _TAIL)
    return float(limits.estimate), (float(limits.low), float(limits.high))
