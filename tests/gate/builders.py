"""Measurements whose fate is known beforehand, and a short way to decide on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from audit.gate.verdict import decide
from audit.policy.gate_spec import GateSpec, Rule, Waiver
from audit.policy.resolution import with_ids
from audit.result import Baseline, Better, CheckResult, CheckStatus, Decision, Measurement, Scalar

TODAY = date(2026, 6, 15)
Span = tuple[float, float] | None


def rate(k: float, n: int, metric: str = "c.rate", **where: Scalar) -> Measurement:
    """k of n rows, with the exact binomial interval; the counts say so, and ``ci`` is left to the gate."""
    return Measurement(
        metric=metric, value=k / n, n=n, method="clopper-pearson", counts={"rate": [k, n]}, where=dict(where)
    )


def plugged(value: float, ci: Span, metric: str = "c.rate", n: int = 1000, **where: Scalar) -> Measurement:
    """What a plug-in returns: an interval by a method that is not known here."""
    return Measurement(metric=metric, value=value, n=n, method="a plug-in's", ci=ci, where=dict(where))


def exact(value: float, metric: str = "c.rate", n: int = 1000, **where: Scalar) -> Measurement:
    """A count or a maximum over the rows at hand: there is no uncertainty to speak of."""
    return Measurement(metric=metric, value=value, n=n, method="exact", where=dict(where))


def bare(value: float, metric: str = "c.rate", n: int = 1000, **where: Scalar) -> Measurement:
    """A number for which no interval is known."""
    return Measurement(metric=metric, value=value, n=n, method="none", where=dict(where))


# Against "at least 0.5", at a two-sided 95 %, so an error of 0.05:
FATES: dict[str, tuple[float, int]] = {
    "holds": (900, 1000),
    "breaks": (100, 1000),  # p below 1e-100: no correction saves it
    "weak": (39, 100),  # p = 2 * binom.cdf(39, 100, 0.5) = 0.0352: broken alone, not as one of two
    "open": (50, 100),
}


def fated(name: str, metric: str = "c.rate", **where: Scalar) -> Measurement:
    """A measurement by its fate against "at least 0.5"; also exact and bare ones, not finite ones."""
    others = {
        "exact holds": exact(0.9, metric),
        "exact breaks": exact(0.1, metric),
        "bare": bare(0.9, metric),
        "nan": bare(float("nan"), metric),
        "inf": plugged(float("inf"), (0.9, float("inf")), metric),
    }
    measurement = others[name] if name in others else rate(*FATES[name], metric)
    return replace(measurement, where=dict(where))


def against(
    one: Measurement, other: Measurement, better: Better = "higher", ideal: float | None = None
) -> Measurement:
    """The measurement ``one``, with what the baseline measured beside it; how both err together is not known."""
    beside = Baseline(
        value=other.value, method=other.method, counts=other.counts, ci=other.ci, better=better, ideal=ideal
    )
    return replace(one, baseline=beside)


def check(*found: Measurement, name: str = "c", status: CheckStatus = "measured") -> CheckResult:
    reason = None if status == "measured" else "it had to"
    return CheckResult(name=name, status=status, reason=reason, measurements=list(found))


def at_least(limit: float = 0.5, metric: str = "c.rate", **where: Scalar) -> Rule:
    return Rule(metric=metric, at_least=limit, where=dict(where))


def waiver(rule: str, expires: str = "2027-01-31", covers: Sequence[str] = ("fail",)) -> Waiver:
    return Waiver.model_validate(
        {"rule": rule, "reason": "known", "owner": "risk", "expires": expires, "covers": list(covers)}
    )


def decided(
    checks: Sequence[CheckResult],
    rules: Sequence[Rule],
    waivers: Sequence[Waiver] = (),
    min_rows: int = 0,
    confidence: float = 0.95,
    on: date = TODAY,
    reported: float = 0.95,
    max_audits: int | None = None,
    audits: int | None = None,
) -> Decision:
    gate = GateSpec(confidence=confidence, min_rows=min_rows, max_audits=max_audits, rules=with_ids(rules))
    return decide(checks, gate, list(waivers), on, reported, audits)


def statuses(decision: Decision) -> list[str]:
    return [rule.status for rule in decision.rules]
