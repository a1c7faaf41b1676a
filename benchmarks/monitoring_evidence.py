"""Evidence of simulated lives, by the classes that `audit monitor` decides with.

Drift is tested by the `Decider`'s own `DriftTest`, and combined by its own weights. Its effect sizes are left out, and
the two rules are computed for many lives at once: the first life of each part is repeated through `Decider._advanced`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.check import policy_from
from audit.model.head import Head
from audit.monitoring.decision import Arrival, Decider, run_alpha
from audit.monitoring.measured import BatchMeasurement, RuleMeasurement
from audit.monitoring.reference import Reference
from audit.monitoring.rule_evidence import _COMPARISON_DISCOUNTS
from audit.result import Measurement
from audit.stats.eprocess import (
    DISCOUNTS,
    advance,
    bernoulli_factor,
    comparison_factor,
    log_e_value,
    log_mean,
)
from benchmarks.monitoring_lives import OTHER, PRIVILEGED, Life

FALSE_ALARMS = 0.05
ALPHA = run_alpha(FALSE_ALARMS, 1)
"""Of the first run of a store."""
LIMIT = 0.8
"""Of both rules, ``at_least``."""
_RECALL = {
    "id": "recall",
    "metric": "performance.true_positive_rate",
    "where": {"attribute": "group", "group": OTHER},
    "at_least": LIMIT,
}
_IMPACT = {
    "id": "impact",
    "metric": "fairness.disparate_impact",
    "where": {"attribute": "group"},
    "at_least": LIMIT,
}
_POLICY = policy_from(
    {
        "version": 1,
        "model": {"path": "model"},
        "data": {"path": "rows.csv", "label": "label", "protected": {"group": {"privileged": PRIVILEGED}}},
        "gate": {"rules": [_RECALL, _IMPACT]},
    }
)
_IMPACT_PLACES = 2
"""The rule could cover two groups: the `Decider` counts those that the reference has."""
_REPEATED_BATCHES = 12
_TOLERANCE = 1e-9


_NO_DRIFT = Reference(
    path="",
    digest="",
    rows=0,
    head=Head("sigmoid", 1, "simulated"),
    favorable=[1],
    threshold=0.5,
    at_least=None,
    classes=[],
    inputs={},
    attributes=[],
    groups=[],
    variables=[],
    counts=[],
)


def decider(reference: Reference) -> Decider:
    return Decider(_POLICY, reference, ALPHA)


def rule_line(weight: float) -> float:
    """Return the alarm line of a stream of this weight, as the `Decider` draws it."""
    return Decider(_POLICY, _NO_DRIFT, ALPHA)._line(weight)


@dataclass(frozen=True)
class RuleEvidence:
    """Logarithms of the e-values of both rules after each batch: (lives, batches)."""

    recall: np.ndarray
    impact: np.ndarray

    @classmethod
    def of(cls, lives: Sequence[Life]) -> RuleEvidence:
        impact = impact_evidence(np.stack([life.selection for life in lives]))
        others = np.log((_IMPACT_PLACES - 1.0 + np.exp(impact)) / _IMPACT_PLACES)
        return cls(recall_evidence(np.stack([life.recall for life in lives])), others)


def recall_evidence(counts: np.ndarray) -> np.ndarray:
    """Return the log e-values of "the rate is `LIMIT` at least" from counts (lives, batches, 2): `_after_rate`."""
    missed = np.stack([counts[..., 1] - counts[..., 0], counts[..., 1]], -1).astype(np.float64)
    return _evidence(missed, DISCOUNTS, _rate_factors)


def impact_evidence(counts: np.ndarray) -> np.ndarray:
    """Return those of "the ratio is `LIMIT` at least" from counts (lives, batches, 4): `_after_comparison`."""
    return _evidence(counts.astype(np.float64), _COMPARISON_DISCOUNTS, _ratio_factors)


def _rate_factors(now: np.ndarray, past: np.ndarray) -> np.ndarray:
    return bernoulli_factor(now[:, 0], now[:, 1], past[..., 0], past[..., 1], np.array(1.0 - LIMIT))


def _ratio_factors(now: np.ndarray, past: np.ndarray) -> np.ndarray:
    return comparison_factor(now + np.zeros_like(past), past, np.array(LIMIT), np.array(0.0))


def _evidence(counts: np.ndarray, discounts: np.ndarray, factors) -> np.ndarray:  # type: ignore[no-untyped-def]
    lives, batches, width = counts.shape
    log_sums = np.full((len(discounts), lives), -np.inf)
    past = np.zeros((len(discounts), lives, width))
    measured = np.zeros(lives)
    log_e = np.zeros((lives, batches))
    for batch in range(batches):
        now = counts[:, batch]
        has_rows = np.all(now[:, 1::2] > 0, axis=1)
        advanced = advance(log_sums, measured, factors(now, past))
        log_sums = np.where(has_rows, advanced, log_sums)
        past = np.where(has_rows[:, None], discounts[:, None, None] * (past + now), past)
        measured = measured + has_rows
        log_e[:, batch] = log_mean(log_e_value(log_sums, measured), axis=0)
    return log_e


def first_alarm(life: Life, rules: RuleEvidence, index: int) -> int:
    """Return the batch, from 1, after which the run's evidence reaches its alarm line; 0 if it never does."""
    deciding = decider(life.reference)
    drift_test, state = deciding._test, deciding._test.initial()
    for batch in range(life.world.batches):
        state = drift_test.after(state, life.batch_counts(batch))
        of_rules = {
            "recall": float(rules.recall[index, batch]),
            "impact": float(rules.impact[index, batch]),
        }
        if deciding._overall(drift_test.log_e_values(state), of_rules) >= deciding._log_line:
            return batch + 1
    return 0


def repeat_by_decider(life: Life, rules: RuleEvidence) -> None:
    """Repeat the first batches of the first life through the whole `Decider`.

    Raises:
        ArithmeticError: the evidence of a rule differs.
    """
    deciding = decider(life.reference)
    state = deciding.initial()
    for batch in range(min(_REPEATED_BATCHES, life.world.batches)):
        state, _, log_rules = deciding._advanced(state, _measurement(life, batch), Arrival("", ""))
        expected = {"recall": rules.recall[0, batch], "impact": rules.impact[0, batch]}
        for name, log_e in log_rules.items():
            if not abs(log_e - expected[name]) < _TOLERANCE:
                raise ArithmeticError(f"{name}, batch {batch + 1}: {expected[name]}, by the Decider {log_e}")


def _measurement(life: Life, batch: int) -> BatchMeasurement:
    recalled, positives = life.recall[batch].tolist()
    other, other_rows, privileged, privileged_rows = life.selection[batch].tolist()
    measurements = []
    if positives:
        recall = Measurement(
            metric=str(_RECALL["metric"]),
            value=recalled / positives,
            n=positives,
            method="clopper-pearson",
            where={"attribute": "group", "group": OTHER},
            counts={"rate": [recalled, positives]},
        )
        measurements.append(
            RuleMeasurement(rule="recall", low=LIMIT, high=np.inf, parts=[recall], is_counted=True)
        )
    if other_rows and privileged:
        impact = Measurement(
            metric=str(_IMPACT["metric"]),
            value=other / other_rows / (privileged / privileged_rows),
            n=other_rows + privileged_rows,
            method="mover-ratio",
            where={"attribute": "group", "unprivileged": OTHER, "privileged": PRIVILEGED},
            counts={"unprivileged": [other, other_rows], "privileged": [privileged, privileged_rows]},
        )
        measurements.append(
            RuleMeasurement(rule="impact", low=LIMIT, high=np.inf, parts=[impact], is_counted=True)
        )
    rows = life.world.batch_rows
    return BatchMeasurement(
        digest="",
        labels_digest="",
        rows=rows,
        labelled=rows,
        counts=life.batch_counts(batch),
        rules=measurements,
    )
