"""Simulated verdicts: how often a policy passes with one limit broken, and fails with every limit on the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import product

import numpy as np
from cells import FAILS, WRONG, Table
from simulated_groups import SIZES, SPLITS, TRUTHS, Side, compared, shares, side

from audit.gate.verdict import decide
from audit.policy.gate_spec import GateSpec, Rule
from audit.result import CheckResult, Measurement
from audit.stats.proportions import clopper_pearson

DAY = date(2000, 1, 1)
AWAY = 10.0
"""By how much the limits of the other rules are looser than the truth."""
COMPARED = {
    "statistical_parity_difference": "at_least", "disparate_impact": "at_least",
    "equal_opportunity_difference": "at_least", "average_odds_difference": "at_least",
    "average_abs_odds_difference": "at_most", "false_discovery_rate_difference": "at_most",
    "error_rate_ratio": "at_most",
}  # fmt: skip
SHARES = {"accuracy": "at_least", "true_positive_rate": "at_least", "selection_rate": "at_most"}


@dataclass(frozen=True)
class Subject:
    """One thing that a rule is about: its measurements in all runs, the truth, and which side is bounded."""

    measured: Sequence[Measurement]
    truth: float
    bound: str
    where: dict[str, str]


def named(measured: Sequence[Measurement], name: str) -> list[Measurement]:
    return [replace(m, metric=f"performance.{name}") for m in measured]


def alike(rng: np.random.Generator, runs: int, rows: int, part: float) -> list[Subject]:
    """Ten rules about two groups of the same rows."""
    unprivileged, privileged = TRUTHS["the group is lower"]
    small = int(rows * part)
    pair: list[Side] = [
        side(rng, runs, small, unprivileged, "rows"),
        side(rng, runs, rows - small, privileged, "rows"),
    ]
    where = {"attribute": "sex", "unprivileged": "a", "privileged": "b"}
    found = []
    for name, bound in COMPARED.items():
        measured, truth, _ = compared(name, *pair)
        found.append(Subject(measured, truth, bound, where))
    group = {"attribute": "sex", "group": "a"}
    for name, measured, truth, _ in shares(pair[0]):
        if name in SHARES:
            found.append(Subject(named(measured, name), truth, SHARES[name], group))
    return found


def apart(rng: np.random.Generator, runs: int, rows: int, part: float) -> list[Subject]:
    """Ten rules about the accuracies of ten groups, each of other rows."""
    size = max(10, int(rows * part / 10))
    found = []
    for group in range(10):
        of = side(rng, runs, size, TRUTHS["the group is lower"][group % 2], "rows")
        name, measured, truth, _ = next(shares(of))
        found.append(
            Subject(named(measured, name), truth, "at_least", {"attribute": "age", "group": str(group)})
        )
    return found


def verdicts(subjects: Sequence[Subject], broken: int | None, runs: range) -> list[str]:
    """Decide runs: with one limit on the truth and the others far from it, or with ``broken`` None all on it."""
    rules = []
    for place, subject in enumerate(subjects):
        sign = -1.0 if subject.bound == "at_least" else 1.0
        limit = subject.truth + (sign * AWAY if broken not in (None, place) else 0.0)
        facts = {"metric": subject.measured[0].metric, "where": subject.where, "id": str(place)}
        rules.append(Rule.model_validate({**facts, subject.bound: limit}))
    gate = GateSpec.model_validate({"rules": rules, "confidence": 0.95})
    found = []
    for run in runs:
        now = [replace(s.measured[run], where=dict(s.where)) for s in subjects]
        checks = [CheckResult(name="all", status="measured", measurements=now)]
        found.append(decide(checks, gate, [], DAY, 0.95).verdict)
    return found


def share(hits: int, runs: int, bar: float) -> tuple[str, bool]:
    beyond = float(clopper_pearson(np.float64(hits), np.float64(runs), 0.005).low) > bar  # type: ignore[arg-type]
    text = f"{100 * hits / runs:.1f}"
    return (f"**{text}**" if beyond else text), beyond


def policies(rng: np.random.Generator, runs: int) -> tuple[Table, list[str]]:
    """The table of both errors, and the cells that are short of their bar."""
    rows, faults = [], []
    for name, make in {"two groups of the same rows": alike, "ten groups": apart}.items():
        for size, (split, part) in product(SIZES, SPLITS.items()):
            subjects = make(rng, runs, size, part)
            passed = [v for broken in range(10) for v in verdicts(subjects, broken, range(broken, runs, 10))]
            failed = verdicts(subjects, None, range(runs))
            cells = [share(passed.count("pass"), runs, WRONG), share(failed.count("fail"), runs, FAILS)]
            rows.append([name, f"{size}, {split}", *(text for text, _ in cells)])
            faults += [f"Policies, {name}, {size}, {split}: {text} %" for text, beyond in cells if beyond]
    header = [
        "ten rules about",
        "rows, share",
        "passes with one limit broken, %",
        "fails with all limits on the truth, %",
    ]
    return ("Verdicts of ten rules", header, rows), faults
