"""Simulated surveys whose row weights go with label, decision or stratum: rates of two groups, and verdicts of many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from cells import FAILS, WRONG, Table, Tally, cell
from simulated_groups import CELLS, COLUMNS, SIZES, SPLITS, TRUTHS, Side, Truth, compared, shares
from simulated_policy import Subject, named, share, verdicts

from audit.checks.fairness.metrics import COMPARISONS, RATES
from audit.stats.group_rates import CellCounts, Rates, rates_of_cells

SPREAD = np.array([0.5, 2.0])
"""Factors of the weights of two equally frequent kinds of rows, which have nothing to do with the outcome."""
GROUPS = {10: (1000, 10000), 50: (5000, 20000)}
"""Numbers of groups, and of the rows that they have together."""


@dataclass(frozen=True)
class Survey:
    """Rows of one group by kind and cell (label, prediction): their shares in the sample, and their weights."""

    shares: np.ndarray
    weights: np.ndarray

    def truth(self, name: str) -> float:
        within, event = _masks(name)
        weight = (self.shares * self.weights).sum(0)
        return float(weight[event].sum() / weight[within].sum())

    def part(self, name: str) -> float:
        """Return the share of the sample in a rate's denominator."""
        return float(self.shares.sum(0)[_masks(name)[0]].sum())


def _masks(name: str) -> tuple[np.ndarray, np.ndarray]:
    within = RATES[name].within(*CELLS.T)
    return within, RATES[name].event(*CELLS.T) & within


def _cells(truth: Truth) -> np.ndarray:
    favourable, tpr, fpr = truth
    return np.array(
        [
            (1 - favourable) * (1 - fpr),
            (1 - favourable) * fpr,
            favourable * (1 - tpr),
            favourable * tpr,
        ]
    )


def _outcome(weight: Sequence[float], truth: Truth) -> Survey:
    """Rows of a cell are the rarer in the sample the heavier they are, so that the weighted rates are the truth."""
    weights = SPREAD[:, None] * np.array(weight)
    shares = np.tile(_cells(truth) / np.array(weight), (2, 1))
    return Survey(shares / shares.sum(), weights)


def _stratum(truth: Truth) -> Survey:
    """A tenth of the rows, ten times as heavy, is of the opposite kind."""
    favourable, tpr, fpr = truth
    kinds = [_cells(truth), _cells((1 - favourable, tpr - 0.3, fpr + 0.3))]
    shares = np.array([0.9, 0.1])[:, None] * np.array(kinds)
    return Survey(shares, np.repeat([[1.0], [10.0]], 4, axis=1))


WORLDS = {
    "favourable labels five times as heavy": lambda truth: _outcome((1, 1, 5, 5), truth),
    "favourable decisions five times as heavy": lambda truth: _outcome((1, 5, 1, 5), truth),
    "errors eight times as heavy": lambda truth: _outcome((1, 8, 8, 1), truth),
    "a stratum of other rates ten times as heavy": _stratum,
}


def sampled(rng: np.random.Generator, runs: int, groups: Sequence[tuple[Survey, int]]) -> list[Side]:
    """Return each group of rows in every run; the groups of a run are one table."""
    drawn = np.stack([rng.multinomial(rows, s.shares.ravel(), runs) for s, rows in groups], axis=1)
    weights = np.stack([survey.weights.ravel() for survey, _ in groups])
    codes = np.repeat(np.arange(len(groups)), weights.shape[1])
    kinds = np.tile(np.tile(CELLS, (len(SPREAD), 1)), (len(groups), 1)).T
    made: dict[str, list[Rates]] = {name: [] for name in RATES}
    for counts in drawn.reshape(runs, -1):
        occurs = counts > 0
        weight = weights.ravel()[occurs]
        rows = counts[occurs]
        counted = CellCounts(
            codes[occurs], *(part[occurs] for part in kinds), rows, rows * weight, rows * weight**2, weight
        )
        for name, rate in RATES.items():
            within = rate.within(counted.label, counted.predicted)
            event = rate.event(counted.label, counted.predicted)
            made[name].append(rates_of_cells(event, within, counted, len(groups)))
    return [
        Side(
            {name: _of_group(found, group) for name, found in made.items()},
            {name: survey.truth(name) for name in RATES},
            {name: _effective(survey) * survey.part(name) * rows for name in RATES},
        )
        for group, (survey, rows) in enumerate(groups)
    ]


def _of_group(runs: Sequence[Rates], group: int) -> Rates:
    fields = ("value", "rows", "events", "trials")
    return Rates(*(np.array([getattr(run, field)[group] for run in runs]) for field in fields))


def _effective(survey: Survey) -> float:
    """Return Kish's share of the rows."""
    return float((survey.shares * survey.weights).sum() ** 2 / (survey.shares * survey.weights**2).sum())


def surveys(rng: np.random.Generator, runs: int) -> Iterator[Tally]:
    """Yield a table of the rates of two groups for each kind of weights."""
    for world, make in WORLDS.items():
        tally = Tally(
            f"Weights that go with the outcome, {world}: rows in all, and the group's share", COLUMNS
        )
        for rows, (split, part) in product(SIZES, SPLITS.items()):
            sizes = int(rows * part), rows - int(rows * part)
            made = [make(truth) for truth in TRUTHS["the group is lower"]]
            pair = sampled(rng, runs, list(zip(made, sizes, strict=True)))
            for metric in COMPARISONS:
                tally.add(metric, f"{rows}, {split}", cell(*compared(metric, *pair)))
            for metric, *facts in shares(pair[0]):
                tally.add(f"{metric} of the group", f"{rows}, {split}", cell(*facts))
        yield tally


def verdicts_of_many(rng: np.random.Generator, runs: int) -> tuple[Table, list[str]]:
    """The table of both errors of a policy with one rule for each of many groups, and the cells short of their bar."""
    rows, faults = [], []
    for world, (number, sizes) in product(WORLDS, GROUPS.items()):
        for size, metric in product(sizes, ("accuracy", "selection_rate")):
            groups = [
                (WORLDS[world](TRUTHS["the group is lower"][g % 2]), size // number) for g in range(number)
            ]
            subjects = _subjects(sampled(rng, runs, groups), metric)
            passed = [v for broken in range(10) for v in verdicts(subjects, broken, range(broken, runs, 10))]
            failed = verdicts(subjects, None, range(runs))
            cells = [share(passed.count("pass"), runs, WRONG), share(failed.count("fail"), runs, FAILS)]
            rows.append([world, f"{metric} of {number} groups", str(size), *(text for text, _ in cells)])
            faults += [
                f"Surveys, {world}, {metric} of {number} groups, {size}: {text} %"
                for text, far in cells
                if far
            ]
    header = ["weights", "a rule for the", "rows in all", "passes with one limit broken, %",
              "fails with all limits on the truth, %"]  # fmt: skip
    return ("Verdicts on many groups under weights that go with the outcome", header, rows), faults


def _subjects(sides: Sequence[Side], metric: str) -> list[Subject]:
    subjects = []
    for group, side in enumerate(sides):
        measured, truth = next((m, t) for name, m, t, _ in shares(side) if name == metric)
        where = {"attribute": "age", "group": str(group)}
        bound = "at_most" if metric == "selection_rate" else "at_least"
        subjects.append(Subject(named(measured, metric), truth, bound, where))
    return subjects
