"""Alternating timing of two functions: on a shared machine their ratio is more reliable than either time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True)
class Pairs:
    """Seconds of both sides, pair by pair; what belongs to a pair was measured one after the other."""

    ours: list[float]
    theirs: list[float]


def in_turn(pairs: int, ours: Work, theirs: Work, *, our_parts: float = 1, their_parts: float = 1) -> Pairs:
    """Time both in turn, after each was run once: what is traced or compiled at first use is not timed.

    Args:
        pairs: how many.
        ours: a piece of work.
        theirs: the same work done otherwise.
        our_parts: what ``ours`` consists of, such as explained rows: seconds are those of one.
        their_parts: likewise, where the other way is so slow that it is given less to do.
    """
    ours(), theirs()
    timed = [(seconds(ours) / our_parts, seconds(theirs) / their_parts) for _ in range(pairs)]
    return Pairs([a for a, _ in timed], [b for _, b in timed])


def seconds(work: Work) -> float:
    """Return how long ``work`` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def header() -> None:
    """Print the head of a Markdown table of what `say` prints."""
    print(
        "| figure | ratio | at least, at most | ours | theirs | ratios of the pairs |\n|---|---|---|---|---|---|"
    )


def say(figure: str, found: Pairs, bar: str, unit: tuple[float, str] = (1e3, "ms")) -> None:
    """Print a row: the median ratio, what it should be, and medians of the times that it is made of.

    The ratio is of our time over theirs where the bar is a most, else of theirs over ours.
    """
    slower = "most" in bar
    each = [a / b if slower else b / a for a, b in zip(found.ours, found.theirs, strict=True)]
    ours, theirs = (
        f"{statistics.median(side) * unit[0]:.3g} {unit[1]}" for side in (found.ours, found.theirs)
    )
    pairs = ", ".join(f"{ratio:,.4g}" for ratio in each)
    print(f"| {figure} | {statistics.median(each):,.3g} | {bar} | {ours} | {theirs} | {pairs} |", flush=True)
