"""Sanity tests of an adversarial evaluation: each a pure function of which rows flipped, with its figure.

Sources: Carlini et al., "On Evaluating Adversarial Robustness" (2019), section 4; Athalye, Carlini and Wagner, ICML
2018, section 3.1.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from audit.stats.paired_proportions import difference
from audit.stats.proportions import clopper_pearson

MAX_ZERO_GRADIENT_SHARE = 0.05
"""Of the rows: beyond it something else than a gradient has to look."""
MAX_SIGN_DISAGREEMENT = 0.05
"""Of the change in log-odds that small moves make: beyond it something else than a gradient has to look."""
MIN_UNBOUNDED_FLIP_SHARE = 0.9
"""Of the rows that values of the background flip: the share that an attack with room for all of these has to flip."""
MAX_SEARCH_FLIP_SHARE = 0.01
"""Of the rows: the share of unflipped ones that a search by other means may flip."""
EXCLUDED_FLIP_SHARE = 0.05
"""Of the rows: the share that such a search must rule out, if the rows suffice for that."""
MIN_SCORE_CHANGE_SHARE = 0.6
"""Of small moves: the share that has to change the scores, so that these guide a search. On forests of 20 trees and
more 88 to 100 % did, on a network that saturates 79 %, on votes of 15 trees half."""
_MAX_PAIRED_COLUMNS = 11
"""Columns of which the black box tries every two together, whatever their scores are."""
_TAIL_ERROR = 0.005
"""Error on each side: several tests are made in each audit, and an honest network should pass them all."""
_UNBOUNDED_TEST = "flips by a very large attack, among rows that background values flip"
_UNBOUNDED_ASKS = f"{100 * MIN_UNBOUNDED_FLIP_SHARE:.0f} % or more"

Verdict = Literal["holds", "holds, but on few rows", "in doubt", "not judged"]


@dataclass(frozen=True)
class Finding:
    """The result of one test.

    Attributes:
        test: its name.
        asks: the figure that it asks for, in words.
        doubt: what was found, in words, if it does not hold; else empty.
        figure: its statistic.
        interval: the statistic's interval at 99 %; None if there is none.
        rows: number of rows that the figure is of.
        few: whether so few rows would show only a large fault.
    """

    test: str
    asks: str
    doubt: str = ""
    figure: float | None = None
    interval: tuple[float, float] | None = None
    rows: int = 0
    few: bool = False

    @property
    def verdict(self) -> Verdict:
        """Whether it holds; a test of no rows is not judged."""
        if self.doubt or not self.rows:
            return "in doubt" if self.doubt else "not judged"
        return "holds, but on few rows" if self.few else "holds"


class _Share(NamedTuple):
    value: float
    interval: tuple[float, float]


def test_zero_gradient(is_zero: np.ndarray) -> Finding:
    """Test the share of rows without a gradient, bool ``(rows,)``: an attack along it proves nothing there."""
    share, interval = _share(int(is_zero.sum()), len(is_zero))
    doubt = f"{share:.0%} of the rows have no gradient" if share > MAX_ZERO_GRADIENT_SHARE else ""
    asks = f"at most {100 * MAX_ZERO_GRADIENT_SHARE:.0f} %"
    return Finding("rows without a gradient", asks, doubt, share, interval, len(is_zero))


def test_gradient_agreement(disagreement: float, rows: int) -> Finding:
    """Test the share of the log-odds' change, when columns move alone, whose sign the gradient misses."""
    doubt = f"{disagreement:.0%} of the change by small perturbations goes against the gradient"
    asks = f"at most {100 * MAX_SIGN_DISAGREEMENT:.0f} %"
    doubt = doubt if disagreement > MAX_SIGN_DISAGREEMENT else ""
    return Finding(
        "change by small perturbations that the gradient misses", asks, doubt, disagreement, None, rows
    )


def test_against_weaker(
    weaker: str, by_weaker: np.ndarray, stronger: str, by_stronger: np.ndarray
) -> Finding:
    """Test that an attack does not flip more than a stronger one, by the paired difference of shares of the rows.

    Args:
        weaker: name of the attack.
        by_weaker: rows that it flips, bool ``(rows,)``.
        stronger: name of the attacks that it is compared with.
        by_stronger: rows that these flip, bool ``(rows,)``.
    """
    discordant = [int((by_weaker & ~by_stronger).sum()), int((by_stronger & ~by_weaker).sum())]
    limits = difference([*discordant, len(by_weaker)], _TAIL_ERROR)
    more = float(limits.estimate)
    interval = float(limits.low), float(limits.high)
    doubt = f"{weaker} flips {more:.1%} more of the rows than {stronger}" if interval[0] > 0 else ""
    test = f"flips by {weaker}, less those by {stronger}"
    return Finding(test, "not above 0", doubt, more, interval, len(by_weaker))


def test_unbounded_attack(by_values: np.ndarray, by_attack: np.ndarray) -> Finding:
    """Test that an attack with room for all values of the background flips the rows that these values flip."""
    rows = int(by_values.sum())
    if not rows:
        return Finding(_UNBOUNDED_TEST, _UNBOUNDED_ASKS)
    share, interval = _share(int((by_values & by_attack).sum()), rows)
    doubt = f"even a very large attack flips only {share:.0%} of the rows that background values flip"
    doubt = doubt if interval[1] < MIN_UNBOUNDED_FLIP_SHARE else ""
    return Finding(_UNBOUNDED_TEST, _UNBOUNDED_ASKS, doubt, share, interval, rows)


def untestable() -> Finding:
    """Return that the unbounded attack is untestable: the model has no scores for values of the background."""
    doubt = "the model returns no finite scores for some rows with background values"
    return Finding(_UNBOUNDED_TEST, _UNBOUNDED_ASKS, doubt)


def test_independent_search(search: str, flipped: np.ndarray) -> Finding:
    """Test how many further rows another search flips, bool, one for each row, flipped before or not.

    More than `MAX_SEARCH_FLIP_SHARE` is a doubt if it is shown, and also if `EXCLUDED_FLIP_SHARE` is not ruled out
    although rows without a flip would do so: that a share is not shown to be too large does not show that it is small.
    """
    share, interval = _share(int(flipped.sum()), len(flipped))
    enough = _share(0, len(flipped)).interval[1] <= EXCLUDED_FLIP_SHARE
    few = interval[1] > EXCLUDED_FLIP_SHARE
    more = interval[0] > MAX_SEARCH_FLIP_SHARE or (enough and share > MAX_SEARCH_FLIP_SHARE and few)
    doubt = f"{search} flips another {share:.1%} of the rows" if more else ""
    asks = f"at most {100 * MAX_SEARCH_FLIP_SHARE:.0f} %, and more than {100 * EXCLUDED_FLIP_SHARE:.0f} % ruled out"
    return Finding(f"more rows flipped by {search}", asks, doubt, share, interval, len(flipped), few)


def test_score_resolution(log_odds: np.ndarray, columns: int) -> Finding:
    """Test that scores tell small moves apart: a search goes where they come nearer to another decision.

    Where they are bare labels it is blind, and where they stay the same under most moves it sees little. Of few columns
    it tries every two at their ends all the same, and finds what flips a tree.

    Args:
        log_odds: ``(2 n, classes)``, of ``n`` rows and then of the same rows with noise.
        columns: number of columns that may move.
    """
    pairs = len(log_odds) // 2
    classes = log_odds.shape[1]
    changed = (log_odds[:pairs] != log_odds[pairs : 2 * pairs]).any(1)
    share = float(changed.mean()) if pairs else 0.0
    unpaired = columns > _MAX_PAIRED_COLUMNS
    doubt = ""
    if unpaired and share < MIN_SCORE_CHANGE_SHARE:
        doubt = f"the scores do not change under {1 - share:.0%} of small perturbations, so they guide a search badly"
    if len(np.unique(log_odds, axis=0)) <= classes:
        doubt = "the scores are only labels, which cannot guide a search"
    asks = f"{100 * MIN_SCORE_CHANGE_SHARE:.0f} % or more" if unpaired else f"more than the {classes} classes"
    return Finding("small perturbations that change the scores", asks, doubt, share, None, pairs)


def _share(count: int, rows: int) -> _Share:
    limits = clopper_pearson(np.asarray(float(count)), np.asarray(float(max(rows, 1))), _TAIL_ERROR)
    return _Share(float(limits.estimate), (float(limits.low), float(limits.high)))
