"""Size of a pass of permutations: which references a row is compared with, how often, and what that costs."""

from typing import NamedTuple

MIN_DRAW_PAIRS = 64
"""Pairs of draws of a row, over all references, before its standard errors may end the sampling."""

_SLOTS_PER_DOUBLED = 6
"""Slots of which one draws a second pair: enough to measure how a pair's errors cancel."""


def min_passes(references: int) -> int:
    """Return how often each reference is used in a pass: few references take several turns."""
    return -(-MIN_DRAW_PAIRS // references)


def coalitions_of_pair(features: int) -> int:
    """Return the number of coalitions that a pair of draws evaluates, complements not counted.

    Both permutations have one less than features, and the one half of the features is the other half's complement.
    """
    return max(0, 2 * features - 3)


def evaluations_per_pair(features: int) -> float:
    """Return the most evaluations that a pass takes for a row and each use of a reference."""
    return 2 * coalitions_of_pair(features) * (1 + 1 / _SLOTS_PER_DOUBLED)


class PassPlan(NamedTuple):
    """Slots of a row's pass.

    Attributes:
        references: number of references, which slots use in turn.
        slots: number of slots.
        doubled: number of slots that draw two pairs.
    """

    references: int
    slots: int
    doubled: int

    @classmethod
    def of(cls, references: int) -> "PassPlan":
        """Plan the least whole turns that draw `MIN_DRAW_PAIRS` pairs."""
        slots = references * min_passes(references)
        return cls(references, slots, slots // _SLOTS_PER_DOUBLED)

    @property
    def pairs(self) -> int:
        """Number of pairs that a row draws."""
        return self.slots + self.doubled

    def masks(self, features: int) -> int:
        """Return the most coalitions of a row that a pass evaluates."""
        return self.pairs * coalitions_of_pair(features)
