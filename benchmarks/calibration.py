"""Calibration of intervals and verdicts, with acceptance bounds: tables for docs/intervals.md.

One and two proportions by exact enumeration of all outcomes; the rest by seeded simulation through the same code that
measures and decides. ``--write`` puts the tables into the page. Takes about an hour on two cores, most of it for
policies of fifty groups.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import simulated_clusters
import simulated_errors
import simulated_groups
import simulated_policy
import simulated_ranks
import simulated_rare
import simulated_scores
import simulated_surveys
from cells import Table, Tally
from coverage_exact import one_proportion, two_proportions

PAGE = Path(__file__).parent.parent / "docs" / "intervals.md"
RUNS, POLICY_RUNS = 2000, 1000
SURVEY_RUNS, SURVEY_POLICY_RUNS = 1000, 300
"""Fewer, as the rows of each run are counted by themselves."""
Part = tuple[list[Table], list[str], int]
"""Tables, the cells that are short of a bar in words, and how many cells were judged."""


def _exact() -> Part:
    return [one_proportion(), two_proportions()], [], 0


def _judged(tallies: list[Tally]) -> Part:
    return (
        [tally.table for tally in tallies],
        [fault for tally in tallies for fault in tally.faults],
        sum(tally.number for tally in tallies),
    )


def _groups() -> Part:
    return _judged(list(simulated_groups.groups(np.random.default_rng(1), RUNS)))


def _theil() -> Part:
    return _judged([simulated_groups.theil(np.random.default_rng(2), RUNS)])


def _scores() -> Part:
    return _judged(list(simulated_scores.scores(np.random.default_rng(3), RUNS)))


def _errors() -> Part:
    return _judged(list(simulated_errors.errors(np.random.default_rng(4), RUNS)))


def _ranks() -> Part:
    rng = np.random.default_rng(5)
    return _judged([simulated_ranks.areas(rng, RUNS), simulated_ranks.correlations(rng, RUNS)])


def _policies() -> Part:
    table, faults = simulated_policy.policies(np.random.default_rng(6), POLICY_RUNS)
    return [table], faults, 2 * len(table[2])


def _rare() -> Part:
    return _judged(list(simulated_rare.rare(np.random.default_rng(7), RUNS)))


def _surveys() -> Part:
    return _judged(list(simulated_surveys.surveys(np.random.default_rng(14), SURVEY_RUNS)))


def _survey_policies() -> Part:
    table, faults = simulated_surveys.verdicts_of_many(np.random.default_rng(15), SURVEY_POLICY_RUNS)
    return [table], faults, 2 * len(table[2])


def _clusters() -> Part:
    return _judged([simulated_clusters.clusters(np.random.default_rng(16), SURVEY_RUNS)])


PARTS: dict[str, Callable[[], Part]] = {
    "survey policies": _survey_policies,
    "policies": _policies,
    "surveys": _surveys,
    "clusters": _clusters,
    "scores": _scores,
    "groups": _groups,
    "exact": _exact,
    "ranks": _ranks,
    "rare": _rare,
    "errors": _errors,
    "theil": _theil,
}
"""In the order of their cost; each has a seed of its own, so that one can be repeated alone."""


def _run(name: str) -> Part:
    np.seterr(all="ignore")  # what is undefined is NaN, and has no interval
    return PARTS[name]()


def markdown(table: Table) -> str:
    title, header, rows = table
    cells = [header, ["---"] * len(header), *rows]
    return "\n".join([f"**{title}**", "", *("| " + " | ".join(map(str, row)) + " |" for row in cells), ""])


def verdict(faults: list[str], judged: int) -> str:
    """Say how many cells meet the requirements, and list those that do not."""
    words = f"Of {judged} cells, {judged - len(faults)} meet all requirements. "
    return (
        words + ("These miss one:\n\n" + "\n".join(f"- {fault}" for fault in faults) if faults else "") + "\n"
    )


def write(text: str, name: str) -> None:
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = PAGE.read_text(encoding="utf-8")
    if begin not in page or end not in page:
        raise SystemExit(f"{PAGE.name} lacks the markers {begin} and {end}")
    page = re.sub(f"{begin}.*{end}", lambda _: f"{begin}\n{text}{end}", page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", choices=PARTS, nargs="+", default=list(PARTS), help="parts to simulate; not written"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/intervals.md")
    given = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(_run, given.only))
    text = "\n".join(markdown(table) for tables, _, _ in found for table in tables)
    words = verdict(
        [fault for _, faults, _ in found for fault in faults], sum(number for *_, number in found)
    )
    sys.stdout.write(f"{text}\n{words}")
    if given.write and given.only == list(PARTS):
        write(text, "coverage")
        write(words, "verdict")


if __name__ == "__main__":
    main()
