"""Simulated outcomes of two groups: every fairness metric of two rates, and the rates of the smaller group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from cells import EFFECTIVE, KINDS, Tally, cell

from audit.checks.fairness.metrics import COMPARISONS, RATES, theil_index
from audit.result import Measurement
from audit.stats.group_rates import Rates, rates

TRUTHS = {
    "equal groups": ((0.3, 0.8, 0.2), (0.3, 0.8, 0.2)),
    "the group is lower": ((0.25, 0.7, 0.12), (0.35, 0.8, 0.2)),
    "opposite gaps": ((0.3, 0.65, 0.3), (0.35, 0.8, 0.2)),
}
"""Share of favourable labels, TPR and FPR of the unprivileged and of the privileged group."""
SPLITS = {"half": 0.5, "5 %": 0.05}
SIZES = (200, 1000, 10000)
COLUMNS = [f"{rows}, {split}" for rows, split in product(SIZES, SPLITS)]
CELLS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], bool)  # label, prediction
Truth = tuple[float, float, float]


@dataclass(frozen=True)
class Side:
    """The rates of one group in every run, and what they are in truth."""

    found: Mapping[str, Rates]
    truth: Mapping[str, float]
    rows: Mapping[str, float]


def side(rng: np.random.Generator, runs: int, rows: int, truth: Truth, kind: str) -> Side:
    share, tpr, fpr = truth
    cells = np.array([(1 - share) * (1 - fpr), (1 - share) * fpr, share * (1 - tpr), share * tpr])
    within = {n: rate.within(*CELLS.T) for n, rate in RATES.items()}
    event = {n: rate.event(*CELLS.T) & within[n] for n, rate in RATES.items()}
    true = {n: float(cells[event[n]].sum() / cells[within[n]].sum()) for n in RATES}
    size = {n: float(rows * cells[within[n]].sum()) for n in RATES}
    if kind == "rows":
        counts = rng.multinomial(rows, cells, runs)
        found = {n: _counted(counts[:, event[n]].sum(1), counts[:, within[n]].sum(1)) for n in RATES}
        return Side(found, true, size)
    number = rows // 4 if kind == "copies" else rows
    drawn = np.repeat(rng.choice(4, (runs, number), p=cells), rows // number, axis=1).ravel()
    run = np.repeat(np.arange(runs), number * (rows // number))
    weights = rng.gamma(1.5, size=len(run)) if kind == "weights" else None
    clusters = np.repeat(np.arange(runs * number), rows // number) if kind == "copies" else None
    found = {}
    for name in RATES:
        inside = within[name][drawn]
        given = [None if part is None else part[inside] for part in (weights, clusters)]
        found[name] = rates(event[name][drawn[inside]], run[inside], runs, *given)
    return Side(found, true, {n: EFFECTIVE[kind] * part for n, part in size.items()})


def _counted(events: np.ndarray, rows: np.ndarray) -> Rates:
    with np.errstate(invalid="ignore"):
        return Rates(events / rows, rows, events.astype(float), rows.astype(float))


def compared(name: str, unprivileged: Side, privileged: Side) -> tuple[list[Measurement], float, float]:
    """Return the measurements of all runs, the truth, and the smaller denominator."""
    comparison, sides = COMPARISONS[name], {"unprivileged": unprivileged, "privileged": privileged}
    several = len(comparison.rates) > 1
    parts = [
        (f"{who}_{rate}" if several else who, s, rate)
        for rate in comparison.rates
        for who, s in sides.items()
    ]
    truth = value(name, [s.truth[rate] for _, s, rate in parts])
    smaller = min(s.rows[rate] for _, s, rate in parts)
    runs = len(next(iter(unprivileged.found.values())).value)
    measured = [
        Measurement(
            metric=f"fairness.{name}",
            value=value(name, [float(s.found[rate].value[run]) for _, s, rate in parts]),
            n=sum(int(s.found[rate].rows[run]) for _, s, rate in parts),
            method=comparison.method,
            counts={key: s.found[rate].counts(run) for key, s, rate in parts},
        )
        for run in range(runs)
    ]
    return measured, truth, smaller


def value(name: str, rates: list[float]) -> float:
    """Return a metric of (unprivileged, privileged) rates, one pair or two."""
    if len(rates) == 2:
        if COMPARISONS[name].method == "mover-ratio":
            return rates[0] / rates[1] if rates[1] else float("nan")
        return rates[0] - rates[1]
    gaps = [rates[0] - rates[1], rates[2] - rates[3]]
    if name == "average_odds_difference":
        return sum(gaps) / 2
    absolute = [abs(gap) for gap in gaps]
    return sum(absolute) / 2 if name == "average_abs_odds_difference" else max(absolute)


def shares(of: Side) -> Iterator[tuple[str, list[Measurement], float, float]]:
    """Yield the performance metrics that are rates of one group: name, measurements, truth, denominator."""
    right = {"accuracy": "error", "true_negative": "false_positive"}
    found = dict(of.found) | {name: _opposite(of.found[rate]) for name, rate in right.items()}
    truth = dict(of.truth) | {name: 1 - of.truth[rate] for name, rate in right.items()}
    rows = dict(of.rows) | {name: of.rows[rate] for name, rate in right.items()}
    made = {"accuracy": ["accuracy"], "selection_rate": ["selection"], "true_positive_rate": ["true_positive"],
            "false_positive_rate": ["false_positive"],
            "balanced_accuracy": ["true_positive", "true_negative"]}  # fmt: skip
    for name, parts in made.items():
        measured = [
            Measurement(
                metric=name,
                value=float(np.mean([found[part].value[run] for part in parts])),
                n=sum(int(found[part].rows[run]) for part in parts),
                method="mover-mean" if len(parts) > 1 else "clopper-pearson",
                counts={part if len(parts) > 1 else "rate": found[part].counts(run) for part in parts},
            )
            for run in range(len(found["error"].value))
        ]
        yield (
            name,
            measured,
            float(np.mean([truth[part] for part in parts])),
            min(rows[part] for part in parts),
        )


def _opposite(of: Rates) -> Rates:
    return Rates(1 - of.value, of.rows, of.trials - of.events, of.trials)


def groups(rng: np.random.Generator, runs: int) -> Iterator[Tally]:
    """Yield a table for each truth, and for row weights and clusters one each."""
    cases = [("rows", name) for name in TRUTHS] + [
        ("weights", "the group is lower"),
        ("copies", "the group is lower"),
    ]
    for kind, name in cases:
        tally = Tally(
            f"Rates of two groups, {name}{KINDS[kind]}: rows in all, and the group's share of them", COLUMNS
        )
        for rows, (split, part) in product(SIZES, SPLITS.items()):
            few = runs if kind == "rows" else min(runs, 4_000_000 // rows)
            size = int(rows * part) // 4 * 4 if kind == "copies" else int(rows * part)
            pair = [
                side(rng, few, n, truth, kind)
                for n, truth in zip((size, rows - size), TRUTHS[name], strict=True)
            ]
            for metric in COMPARISONS:
                tally.add(metric, f"{rows}, {split}", cell(*compared(metric, *pair)))
            for metric, *facts in shares(pair[0]):
                tally.add(f"{metric} of the group", f"{rows}, {split}", cell(*facts))
        yield tally


def theil(rng: np.random.Generator, runs: int) -> Tally:
    """The Theil index of the whole table."""
    tally = Tally("Theil index: rows", [str(rows) for rows in (100, *SIZES)])
    sizes, entropy = np.arange(3.0), np.array([0, 0, 2 * np.log(2)])
    for kind, (name, cells) in product(("rows", "copies"), {"one error in five": (0.58, 0.08, 0.1, 0.24),
                                         "one in 25": (0.68, 0.02, 0.02, 0.28)}.items()):  # fmt: skip
        share = np.array([cells[2], cells[0] + cells[3], cells[1]])
        truth = float(share @ entropy / (share @ sizes) - np.log(share @ sizes))
        for rows in (100, *SIZES):
            number = rows // 4 if kind == "copies" else rows
            measured = []
            for _ in range(min(runs, 2000)):
                drawn = np.repeat(rng.choice(4, number, p=cells), rows // number)
                clusters = np.repeat(np.arange(number), 4) if kind == "copies" else None
                measured.append(theil_index(CELLS[drawn, 0], CELLS[drawn, 1], clusters))
            tally.add(f"{name}{KINDS[kind]}", str(rows), cell(measured, truth, number))
    return tally
