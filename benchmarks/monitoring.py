"""False alarms and delays of `audit monitor`, beside fixed thresholds: tables for docs/monitoring.md.

Run as ``python -m benchmarks.monitoring``; ``--write`` puts the tables into the page. Takes about half an hour on two
cores. `benchmarks/monitoring_evidence.py` says which code of the audit decides.
"""

from __future__ import annotations

import argparse
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.monitoring_evidence import (
    LIMIT,
    RuleEvidence,
    first_alarm,
    recall_evidence,
    repeat_by_decider,
    rule_line,
)
from benchmarks.monitoring_lives import World, draw_life
from benchmarks.monitoring_tables import (
    BROKEN_RECALL,
    Result,
    beside_thresholds,
    broken_rule,
    false_alarms,
    shifts,
)
from benchmarks.monitoring_thresholds import exceeded

PAGE = Path(__file__).parent.parent / "docs" / "monitoring.md"
BEGIN, END = "<!-- simulation: begin -->", "<!-- simulation: end -->"
LIVES = 1000
FEWER = 3
"""One life in so many is simulated with the small reference, and for delays that no bar is set for."""
KS_LIVES = 5
"""One life in so many has its rows drawn, for the Kolmogorov-Smirnov test; the others have counts alone."""
YEAR = 365
SIZES = (50, 500, 5000)
REFERENCES = (16_000, 2_000)
SHIFT = 0.5
SMALL_SHIFT = 0.25
QUIET = 100
"""Batches before a late change."""
SEARCHED = {(50, SHIFT): 200, (500, SHIFT): 40, (5000, SHIFT): 10} | {
    (50, SMALL_SHIFT): 265,
    (500, SMALL_SHIFT): 100,
    (5000, SMALL_SHIFT): 30,
}
"""Batches from a shift on, by rows in a batch and size of the shift."""
STREAMS = (4, 20, 100)
"""1 / weight of a rule's stream: beside drift, of two rules, of ten, and of fifty."""
POSITIVES = (5, 20, 100)
MOST_POSITIVES = 6000
_LIVES_OF_A_PART = 25


@dataclass(frozen=True)
class Part:
    """Some lives of a world, by their numbers: each life has its own seed."""

    world: World
    first: int
    last: int
    with_thresholds: bool


def simulate(part: Part) -> tuple[list[int], list[np.ndarray]]:
    """Return the first alarm of each life, and of every ``KS_LIVES``-th the batches that exceed fixed thresholds."""
    world = part.world
    seeds = [world.reference_rows, world.batch_rows, world.shifted_from, int(1000 * world.shift)]
    rngs = [np.random.default_rng([*seeds, number]) for number in range(part.first, part.last)]
    lives = [draw_life(world, rng) for rng in rngs]
    rules = RuleEvidence.of(lives)
    repeat_by_decider(lives[0], rules)
    alarms = [first_alarm(life, rules, index) for index, life in enumerate(lives)]
    chosen = slice(None, None, KS_LIVES) if part.with_thresholds else slice(0)
    return alarms, [exceeded(life, rng) for life, rng in zip(lives[chosen], rngs[chosen], strict=True)]


def run(pool: ProcessPoolExecutor, world: World, lives: int, with_thresholds: bool = False) -> Result:
    firsts = range(0, lives, _LIVES_OF_A_PART)
    parts = [Part(world, first, min(first + _LIVES_OF_A_PART, lives), with_thresholds) for first in firsts]
    alarms: list[int] = []
    over: list[np.ndarray] = []
    for of_part, thresholds in pool.map(simulate, parts):
        alarms += of_part
        over += thresholds
    return Result(world, np.array(alarms), np.array(over))


def shifted(reference_rows: int, size: int, quiet: int, shift: float = SHIFT) -> World:
    return World(reference_rows, size, quiet + SEARCHED[size, shift], shift, quiet + 1)


def recall_delays(positives: int, quiet: int, lives: int) -> dict[int, float]:
    """Return the median number of positives from the fall of recall to the rule's alarm, by streams."""
    rng = np.random.default_rng([positives, quiet, lives])
    rates = np.repeat([LIMIT, BROKEN_RECALL], [quiet, MOST_POSITIVES // positives])
    recalled = rng.binomial(positives, rates, (lives, len(rates)))
    evidence = recall_evidence(np.stack([recalled, np.full_like(recalled, positives)], -1))
    medians = {}
    for streams in STREAMS:
        has_alarm = evidence >= rule_line(1.0 / streams)
        first = np.where(has_alarm.any(1), has_alarm.argmax(1) + 1.0, np.inf)
        delays = np.where(first > quiet, first - quiet, np.inf)
        medians[streams] = float(positives * np.median(delays))
    return medians


def tables(lives: int) -> list[str]:
    few = max(1, lives // FEWER)
    large, small = REFERENCES
    with ProcessPoolExecutor(2) as pool:
        still = [run(pool, World(large, size, YEAR), lives, True) for size in SIZES]
        still_small = [run(pool, World(small, size, YEAR), few) for size in SIZES]
        late = [run(pool, shifted(large, size, QUIET), lives if size == 500 else few, True) for size in SIZES]
        slight = [run(pool, shifted(large, size, QUIET, SMALL_SHIFT), few, True) for size in SIZES]
        late_small = run(pool, shifted(small, 500, QUIET), few)
        early = [run(pool, shifted(large, 500, 0), lives), run(pool, shifted(small, 500, 0), few)]
    delays = {(p, quiet): recall_delays(p, quiet, lives) for p in POSITIVES for quiet in (0, QUIET)}
    return [
        false_alarms([*still, *still_small]),
        shifts([*early, late[SIZES.index(500)], late_small]),
        broken_rule(delays, lives),
        beside_thresholds(still, late, slight),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/monitoring.md")
    parser.add_argument("--lives", type=int, default=LIVES, help="fewer are faster, and not written")
    arguments = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if arguments.write and not (BEGIN in page and END in page):
        sys.stderr.write(f"{PAGE.name} lacks the markers {BEGIN} and {END}\n")
        return 2
    text = "\n".join(tables(arguments.lives))
    sys.stdout.write(text)
    if arguments.write and arguments.lives == LIVES:
        page = PAGE.read_text(encoding="utf-8")  # it may have been edited since
        page = re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{text}{END}", page, flags=re.DOTALL)
        PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
