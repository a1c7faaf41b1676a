"""Effective numbers of trials of proportions whose rows have weights, after Korn and Graubard."""

from typing import NamedTuple

import numpy as np

_ROUNDING = 1e-12
"""Difference of sizes that is rounding: equal weights give the number of rows exactly."""


class Weighed(NamedTuple):
    """Rows of one kind: sums of their weights and squared weights, and the heaviest weight, by group (first axis)."""

    total: np.ndarray
    square: np.ndarray
    heaviest: np.ndarray

    def plus(self, other: "Weighed") -> "Weighed":
        """Return the sums over the rows of both."""
        total, square = self.total + other.total, self.square + other.square
        return Weighed(total, square, np.maximum(self.heaviest, other.heaviest))

    def accumulated(self) -> "Weighed":
        """Return the sums over each entry and those before it, along the second axis."""
        total, square = np.cumsum(self.total, 1), np.cumsum(self.square, 1)
        return Weighed(total, square, np.maximum.accumulate(self.heaviest, 1))


def effective_size(rows: np.ndarray, events: Weighed, others: Weighed) -> np.ndarray:
    """Return the number of equal rows that would say as much about each group's weighted share of events.

    It is the smaller of Kish's size (sum w)² / sum w², and of p (1 - p) over the linearized variance of the share p
    itself. Kish's alone is far too large where the weights go with the event: heavy events that are few carry most of
    the variance. As few of them may by chance be light ones, or none, one event of average weight is taken as heavy as
    the heaviest of the group, or as the events of all groups are on average; so is one of the other rows. Rows of one
    kind have no variance to see: each may be as heavy as the heaviest of any group. Weights of other groups are taken
    relative to the groups' mean weights.

    Args:
        rows: number of rows of each group.
        events: of the rows that are events; all arrays broadcast together.
        others: of the other rows.

    Returns:
        The effective sizes, as many as rows under equal weights; 0 for a group without weight.

    Source: Korn and Graubard, Survey Methodology 24 (1998) 193-201; for the heaviest weight, Fay and Feuer, Statistics
    in Medicine 16 (1997) 791-801.
    """
    total, square, heaviest = events.plus(others)
    if (square == total).all() and (
        total == rows
    ).all():  # each row weighs 1: no other weights have both sums
        return np.broadcast_to(rows, total.shape).astype(np.float64)
    kish = divided(total**2, square)
    scale = np.where(total > 0.0, divided(rows, total), 0.0)  # the mean weight becomes 1
    share = divided(events.total, total)
    squares = (_cautious_square(kind, scale) for kind in (events, others))
    parts = zip(((1.0 - share) ** 2, share**2), squares, strict=True)
    deviation = sum(factor * square for factor, square in parts)
    linearized = linearized_size(share, total, np.asarray(deviation))
    unseen = divided(rows, np.nanmax(heaviest * scale, axis=0, initial=0.0))
    size = np.where(np.isnan(linearized), unseen, linearized)
    return np.asarray(np.nan_to_num(np.where(size < kish * (1.0 - _ROUNDING), size, kish)))


def linearized_size(share: np.ndarray, total: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return p (1 - p) over the linearized variance of the share p; NaN where it is 0 or 1.

    ``deviation`` is the sum over independent observations of their squared weighted deviations from the share.
    """
    inside = (share > _ROUNDING) & (share < 1.0 - _ROUNDING) & (deviation > 0.0)
    return divided(share * (1.0 - share) * total**2, np.where(inside, deviation, np.nan))


def _cautious_square(of: Weighed, scale: np.ndarray) -> np.ndarray:
    """Return the sum of squared weights with one row of average weight as heavy as `effective_size` says."""
    average = np.nan_to_num(divided(of.square, of.total))
    everywhere = divided(np.nansum(of.square * scale**2, axis=0), np.nansum(of.total * scale, axis=0))
    heavy = np.fmax(of.heaviest, divided(everywhere, scale))
    return np.asarray(of.square + np.maximum(np.nan_to_num(heavy**2 - average**2), 0.0))


def divided(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Return the quotient; NaN or infinite where the denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(numerator / denominator)
