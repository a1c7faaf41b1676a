"""A new interval method is one record: the gate decides, refuses, advises and pairs by it without any other change."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scipy.stats import norm

from audit.errors import AuditError
from audit.gate.attainable import underpowered
from audit.gate.validation import require_consistent
from audit.result import Baseline, Measurement
from audit.stats import METHODS, IntervalMethod, is_known, paired_interval
from audit.stats.interval_method import Interval, one_by_one

from ..gate.builders import at_least, check, decided

SHARE = METHODS["clopper-pearson"]


def wilson(measurement: Measurement, confidence: float) -> Interval | None:
    ((events, rows),) = measurement.counts.values()
    z = float(norm.isf((1.0 - confidence) / 2.0))
    center = (events + z * z / 2.0) / (rows + z * z)
    half = z / (rows + z * z) * math.sqrt(events * (1.0 - events / rows) + z * z / 4.0)
    return center - half, center + half


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    method = IntervalMethod(
        "wilson", one_by_one(wilson), SHARE.counts, open_side=None, best_case=SHARE.best_case, pairing=SHARE.pairing
    )  # fmt: skip
    monkeypatch.setitem(METHODS, method.name, method)


def share(events: float, rows: int, method: str = "wilson") -> Measurement:
    counts = {"rate": [events, rows]}
    return Measurement(metric="c.rate", value=events / rows, n=rows, method=method, counts=counts)


@pytest.mark.parametrize(("events", "status"), [(70, "pass"), (30, "fail"), (52, "inconclusive")])
def test_it_decides_a_rule(events: int, status: str) -> None:
    assert is_known("wilson") and not is_known("wilson's cousin")
    (rule,) = decided([check(share(events, 100))], [at_least(0.5)]).rules
    assert rule.status == status
    assert rule.measurements[0].ci == pytest.approx(wilson(share(events, 100), 0.95))


def test_the_rows_that_it_advises_decide_it() -> None:
    (rule,) = decided([check(share(58, 100))], [at_least(0.5)]).rules
    (sentence,) = rule.needs
    more = int(sentence.split()[1])
    enough = share(0.58 * (100 + more), 100 + more)
    assert decided([check(enough)], [at_least(0.5)]).rules[0].status == "pass"
    (unknown,) = decided([check(share(58, 100, "wilson's cousin"))], [at_least(0.5)]).rules
    assert unknown.needs == []


def test_it_can_be_underpowered() -> None:
    assert underpowered(at_least(0.9), share(20, 20), 0.95) == "20 rows, too few even at a value of 1"
    assert underpowered(at_least(0.9), share(40, 40), 0.95) is None


def test_its_counts_are_checked() -> None:
    with pytest.raises(AuditError, match="11 events of 10"):
        require_consistent(replace(share(9, 10), counts={"rate": [11.0, 10.0]}))


def test_it_is_paired_by_discordant_rows() -> None:
    baseline = Baseline(value=0.6, method="wilson", better="higher", counts={"rate": [60.0, 100.0]})
    alone = paired_interval(replace(share(65, 100), baseline=baseline), 0.95)
    with_pairs = replace(baseline, discordant={"rate": [8.0, 3.0, 100.0]})
    paired = paired_interval(replace(share(65, 100), baseline=with_pairs), 0.95)
    assert alone is not None and paired is not None
    assert alone[0] < paired[0] < 0.05 < paired[1] < alone[1]
