"""What little rows tell of two models: thin groups, rows that hardly differ, and faults that cost one measurement."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from audit.check.run import TracedResult
from audit.checks.performance.check import Performance
from audit.comparison.check_results import ModelPair, with_baseline
from audit.comparison.error_correlation import error_correlation
from audit.gate.claims import Claim
from audit.gate.reasons import NOT_COMPARED, why_open
from audit.result import Baseline, CheckResult, Measurement
from audit.stats import interval, paired_interval
from audit.stats.confidence import at_confidence
from audit.stats.influence import Influence, Trace, Traced
from audit.subject.subject import Subject

from ..audits import subject
from ..conftest import Models
from .kit import against, noisy, old_model, one, policy_of, run

RULE = {"metric": "performance.accuracy", "no_worse_than_baseline_by": 0.2}


def two_of_another(rows: int = 300) -> pd.DataFrame:
    """Two rows of a third group, both of one class, so that it has no rate of the other, and no AUC."""
    frame = noisy(rows)
    first = frame.index < 2
    return frame.assign(sex=frame["sex"].mask(first, "Other"), label=frame["label"].mask(first, 0))


def without_weight() -> pd.DataFrame:
    frame = two_of_another()
    frame.loc[frame["sex"] == "Other", "weight"] = 0.0
    return frame


@pytest.mark.parametrize("given", [{}, {"weight": "weight"}])
def test_a_thin_group_takes_no_baseline_from_the_others(
    given: Mapping[str, str], model: Models, tmp_path: Path
) -> None:
    frame = without_weight() if given else two_of_another()
    report = run(frame, model, tmp_path, [RULE], **given)
    assert [rule.status for rule in report.rules] == ["pass"]
    assert not [note for check in report.checks for note in check.notes if "crashed" in note]
    auc = against(one(report, "auc", attribute="sex", group="Other"))
    assert math.isnan(auc.improvement) and auc.correlation is None
    assert against(one(report, "auc")).correlation is not None


def test_a_regression_of_rows_without_weight_has_no_influence(model: Models, tmp_path: Path) -> None:
    frame = noisy(60).assign(label=lambda rows: rows["score"] + rows["old"], weight=1.0)
    frame.loc[frame["sex"] == "Female", "weight"] = 0.0
    report = run(
        frame, model, tmp_path, spec={"output": "regression"}, favorable={"at_least": 1.0}, weight="weight"
    )
    for name in ("mae", "rmse", "r2"):
        assert against(one(report, name, attribute="sex", group="Female")).correlation is None
        assert against(one(report, name)).improvement_ci is not None


def _no_trace() -> Trace | None:
    raise RuntimeError("no such trace")


def _measured(check: Performance, model: Subject) -> TracedResult:
    """Measure; the trace of an AUC cannot be computed."""
    evidence = [item for item in check.measure(model) if isinstance(item, Traced)]
    result = CheckResult(
        name="performance",
        status="measured",
        metrics={f"performance.{name}": facts for name, facts in check.metrics.items()},
        measurements=[item.measurement for item in evidence],
    )
    return TracedResult(
        result,
        {
            item.measurement.key: _no_trace if item.measurement.metric.endswith(".auc") else item.trace
            for item in evidence
        },
    )


def test_a_fault_costs_the_measurement_that_it_is_about(model: Models, tmp_path: Path) -> None:
    frame, check, told = noisy(100), Performance(), list[str]()
    same_model: dict[str, Any] = {"candidate": old_model(tmp_path), "spec": {"inputs": {}}}
    policies = [policy_of(frame, model, tmp_path), policy_of(frame, model, tmp_path, **same_model)]
    pair = ModelPair(*map(subject, policies))
    ours, theirs = (_measured(check, part) for part in (pair.candidate, pair.baseline))
    found = with_baseline(pair, ours, theirs, 0.95, lambda name, text: told.append(name + text))
    aucs, others = (
        [m for m in found.measurements if m.baseline and m.metric.endswith(".auc") is is_auc]
        for is_auc in (True, False)
    )
    assert len(aucs) == 3 and all(against(m).improvement_ci is None for m in aucs)
    assert len(others) > 10 and all(against(m).improvement_ci for m in others)
    assert len(told) == 1 and "RuntimeError: no such trace" in told[0]
    (note,) = found.notes
    assert note.startswith(f"Comparing 3 of {len(found.measurements)} measurements with the baseline crashed")
    again = at_confidence(aucs[0], 0.9, 0.95)  # as deciding from the JSON does
    claim = Claim(again, -0.5, math.inf, paired=True)
    assert (
        math.isfinite(claim.value) and claim.finding == "undecided" and why_open(claim, False) == NOT_COMPARED
    )


def test_a_correlation_is_shrunk_by_the_rows_that_carry_the_difference() -> None:
    given: Any = SimpleNamespace(rows=200, weights=None, clusters=None)
    ours = np.random.default_rng(0).normal(size=200)
    theirs = ours.copy()
    theirs[:4] += [3.0, -3.0, 3.0, -3.0]  # four rows of equal size: a factor of 3 / 4
    plain = float(np.corrcoef(ours, theirs)[0, 1])
    found = error_correlation(Influence(ours), Influence(theirs), "mean-skewed", given)
    assert found == pytest.approx(plain * 0.75, rel=0.01)
    alike = error_correlation(Influence(ours), Influence(ours), "mean-skewed", given)
    assert alike == pytest.approx(1.0 - (ours**4).sum() / (ours**2).sum() ** 2)


def loss(value: float, se: float, rows: float = 200.0, worst: float = 4.0) -> Measurement:
    counts = {"rows": [rows], "cubes": [2.0 * rows if se else 0.0, rows], "worst": [worst * rows, rows]}
    return Measurement(metric="m.loss", value=value, n=int(rows), method="mean-skewed", se=se, counts=counts)


def beside_of(ours: Measurement, theirs: Measurement, together: float | None) -> Measurement:
    baseline = Baseline(
        value=theirs.value, method=theirs.method, better="lower", counts=theirs.counts, se=theirs.se,
        correlation=together,
    )  # fmt: skip
    return replace(ours, baseline=baseline)


def test_losses_that_no_row_tells_apart_may_differ_by_rows_that_were_not_seen() -> None:
    ours = loss(0.5, 0.001, worst=0.6)
    span = paired_interval(beside_of(ours, ours, 0.999), 0.95)
    unseen = 0.6 * float(beta.ppf(0.975, 1, 200))
    assert span == pytest.approx((-unseen, unseen))


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_a_little_jitter_does_not_hide_rows_that_were_not_seen(confidence: float) -> None:
    """One share of unseen rows, all of the largest loss of one model and none of the other, added to those seen."""
    ours = loss(0.5, 0.001, worst=0.6)
    theirs = loss(0.5001, 0.001, worst=0.9)
    span = paired_interval(beside_of(ours, theirs, 0.9999), confidence)
    share = float(beta.ppf((1 + confidence) / 2, 1, 200))
    gain_at_worst = (1 - share) * 0.0001 - share * 0.6
    gain_at_best = (1 - share) * 0.0001 + share * 0.9
    assert span == pytest.approx((gain_at_worst, gain_at_best))
    swapped = paired_interval(beside_of(theirs, ours, 0.9999), confidence)
    assert swapped == pytest.approx((-gain_at_best, -gain_at_worst))


def test_more_rows_never_widen_what_unseen_rows_leave_open() -> None:
    spans = []
    for rows in (50.0, 100.0, 1000.0, 20_000.0):
        pair = beside_of(loss(0.5, 0.001, rows), loss(0.5001, 0.001, rows), 0.9999)
        spans.append(paired_interval(pair, 0.95))
    for wide, narrow in pairwise(spans):
        assert wide is not None and narrow is not None
        assert wide[0] < narrow[0] < narrow[1] < wide[1]


def area(value: float, favorable: float, unfavorable: float) -> Measurement:
    counts = {"favorable": [favorable], "unfavorable": [unfavorable]}
    return Measurement(
        metric="m.auc", value=value, n=int(favorable), method="delong", se=0.0005, counts=counts
    )


def test_aucs_may_differ_by_rows_of_the_smaller_class_that_were_not_seen() -> None:
    """By the largest share that 60 rows miss, each below all others for one model and above all for the other."""
    hidden = float(beta.ppf(0.975, 1, 60))
    for sizes in ((60.0, 900.0), (900.0, 60.0)):
        pair = beside_of(area(0.95, *sizes), area(0.9501, *sizes), 0.9999)
        span = paired_interval(replace(pair, baseline=replace(against(pair), better="higher")), 0.95)
        assert span == pytest.approx((-(1 - hidden) * 0.0001 - hidden, -(1 - hidden) * 0.0001 + hidden))


def test_a_perfect_baseline_is_compared_as_one_of_which_no_error_was_seen() -> None:
    perfect, good = loss(0.0, 0.0, 1000.0, 1.0), loss(0.01, 0.001, 1000.0, 1.0)
    assert interval(perfect, 0.95) == pytest.approx((0.0, float(beta.ppf(0.975, 1, 1000))))
    span = paired_interval(beside_of(good, perfect, None), 0.95)
    assert span is not None and -0.1 < span[0] < -0.01 < span[1] < 0.1
