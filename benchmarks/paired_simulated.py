"""Coverage of the intervals of improvements over a baseline, by seeded simulation of two models on the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from audit.checks.fairness.check import fairness_trace
from audit.checks.fairness.metrics import COMPARISONS
from audit.checks.performance.check import performance_trace
from audit.checks.performance.metrics import Groups, classification
from audit.comparison.error_correlation import discordant_counts, error_correlation
from audit.result import Baseline, Measurement
from audit.stats import improvement, paired_interval
from audit.stats.group_estimates import Partition
from audit.stats.influence import Shares
from audit.subject.predictions import Classified, Outcomes

FAIRNESS = (
    "statistical_parity_difference",
    "disparate_impact",
    "equal_opportunity_difference",
    "average_odds_difference",
    "average_abs_odds_difference",
    "equalized_odds_difference",
    "false_discovery_rate_difference",
    "false_negative_rate_ratio",
)
PERFORMANCE = {
    "accuracy": "higher",
    "balanced_accuracy": "higher",
    "auc": "higher",
    "log_loss": "lower",
    "brier": "lower",
    "calibration_error": "lower",
}
WHERE: dict[str, Any] = {"attribute": "group", "unprivileged": "u", "privileged": "p"}
TRUTH_ROWS = 1_000_000


@dataclass(frozen=True)
class World:
    """Two noisy versions of one model: the candidate's noise and its shift against the unprivileged group differ."""

    name: str
    share: float
    noise: tuple[float, float] = (0.5, 0.6)
    common: float = 0.0
    shift: tuple[float, float] = (0.4, 0.6)

    def draw(self, rows: int, rng: np.random.Generator) -> list[Any]:
        """Return the candidate and the baseline as subjects of checks."""
        group = (rng.random(rows) < self.share).astype(np.int64)
        truth = rng.normal(size=rows)
        label = rng.random(rows) < 1.0 / (1.0 + np.exp(-2.0 * truth))
        shared, found = rng.normal(size=rows), []
        for noise, shift in zip(self.noise, self.shift, strict=True):
            own = self.common * shared + (1.0 - self.common**2) ** 0.5 * rng.normal(size=rows)
            score = 1.0 / (1.0 + np.exp(-2.0 * (truth + noise * own - shift * group)))
            found.append(make_subject(score, label, group))
        return found


@dataclass(frozen=True)
class Rare:
    """A model and itself, but for a share of rows on which the candidate is confidently wrong."""

    name: str
    share: float

    def draw(self, rows: int, rng: np.random.Generator) -> list[Any]:
        """Return the candidate and the baseline as subjects of checks."""
        group = (rng.random(rows) < 0.3).astype(np.int64)
        truth = rng.normal(size=rows)
        label = rng.random(rows) < 1.0 / (1.0 + np.exp(-2.0 * truth))
        score = 1.0 / (1.0 + np.exp(-2.0 * (truth + 0.5 * rng.normal(size=rows))))
        wrong = 1.0 / (1.0 + np.exp(np.where(label, 3.0, -3.0)))
        other = np.where(rng.random(rows) < self.share, wrong, score)
        return [make_subject(part, label, group) for part in (other, score)]


WORLDS: list[World | Rare] = [
    World("balanced, noise 0.5 and 0.6", 0.5),
    World("95:5, noise 0.5 and 0.6", 0.05),
    World("95:5, nearly the same model", 0.05, (0.5, 0.5), 0.995, (0.4, 0.42)),
    World("95:5, no gap between groups", 0.05, (0.5, 0.5), 0.9, (0.0, 0.0)),
    Rare("the same model, 1 % of rows confidently wrong", 0.01),
]


def make_subject(score: np.ndarray, label: np.ndarray, group: np.ndarray) -> Any:
    predicted = score >= 0.5
    code, guess = label.astype(np.int32), predicted.astype(np.int32)
    scores = Classified(
        classes=[0, 1], classes_from="",
        outcomes=Outcomes(favorable=score, label=label, predicted=predicted),
        code=code, guess=guess, dtype=score.dtype,
    )  # fmt: skip
    attribute = SimpleNamespace(
        name="group", groups=["p", "u"], codes=group, privileged=[0], unprivileged=[1], privileged_name="p"
    )
    return SimpleNamespace(
        scores=scores, rows=len(score), attributes=[attribute], weights=None, clusters=None
    )


def _performance(subject: Any) -> Iterator[Measurement]:
    groups = Groups(Partition(np.zeros(subject.rows, np.int64), 1, None, None), [{}])
    yield from classification(subject.scores, groups)


def _fairness(subject: Any) -> Iterator[Measurement]:
    for name in FAIRNESS:
        found = Measurement(
            metric=f"fairness.{name}", value=0.0, n=1, method=COMPARISONS[name].method, where=WHERE
        )
        trace = fairness_trace(subject, found)
        assert isinstance(trace, Shares)
        counts = {
            part: [float((event & within).sum()), float(within.sum())]
            for part, (within, event) in trace.rates.items()
        }
        yield replace(found, counts=counts, value=_value(name, counts))


def _value(name: str, counts: dict[str, list[float]]) -> float:
    """Compute a metric from its rates by its definition."""
    rate = {part: np.divide(*row) if row[1] else np.nan for part, row in counts.items()}
    if name.endswith(("_ratio", "_impact")):
        return float(np.divide(rate["unprivileged"], rate["privileged"]))
    if "odds" not in name:
        return float(rate["unprivileged"] - rate["privileged"])
    gaps = [
        rate[f"unprivileged_{what}"] - rate[f"privileged_{what}"]
        for what in ("true_positive", "false_positive")
    ]
    if name == "average_odds_difference":
        return float(np.mean(gaps))
    return float((max if name.startswith("equalized") else np.mean)(np.abs(gaps)))


def compared(subjects: list[Any], joint: bool = True, fairness: bool = True) -> dict[str, Measurement]:
    """Return every metric of the candidate with the baseline's beside it; without ``fairness``, those of all rows."""
    found = {}
    for ours, theirs in zip(
        *([*_performance(s), *(_fairness(s) if fairness else ())] for s in subjects), strict=True
    ):
        name = ours.metric.partition(".")[2]
        better: Any = PERFORMANCE.get(name) if ours.metric.startswith("performance.") else "ideal"
        if better is None:
            continue
        ideal = 1.0 if ours.method == "mover-ratio" else 0.0
        other = Baseline(
            value=theirs.value,
            method=theirs.method,
            better=better,
            ideal=ideal,
            counts=theirs.counts,
            se=theirs.se,
        )
        if joint:
            trace = fairness_trace if better == "ideal" else performance_trace
            traces = [trace(subject, ours) for subject in subjects]
            pairs = discordant_counts(*traces, subjects[0])
            together = None if pairs else error_correlation(*traces, ours.method, subjects[0])
            other = replace(other, discordant=pairs, correlation=together)
        found[name] = replace(ours, baseline=other)
    return found


def simulate(
    world: World | Rare, rows: int, runs: int, rng: np.random.Generator
) -> dict[str, tuple[float, float, float]]:
    """Return for each metric the coverage at 95 %, how often a limit on the truth passes, and the mean width."""
    truth = {name: improvement(m) for name, m in compared(world.draw(TRUTH_ROWS, rng), joint=False).items()}
    tally: dict[str, list[tuple[bool, bool, float]]] = {name: [] for name in truth}
    for _ in range(runs):
        for name, found in compared(world.draw(rows, rng)).items():
            span = paired_interval(found, 0.95) or (-np.inf, np.inf)
            tally[name].append((span[0] <= truth[name] <= span[1], span[0] >= truth[name], span[1] - span[0]))
    return {
        name: (float(np.mean([c for c, _, _ in t])), float(np.mean([p for _, p, _ in t])),
               float(np.median([w for _, _, w in t])))
        for name, t in tally.items()
    }  # fmt: skip
