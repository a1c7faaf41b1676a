"""Metric descriptions and gate settings of a report, as text."""

from collections.abc import Iterable, Mapping

from audit.numbers import written
from audit.result import CheckResult, Decision, MetricFacts, Report

_NOTHING = MetricFacts(about="")


def facts_of(metric: str, checks: Iterable[CheckResult]) -> MetricFacts:
    """Return the description of ``metric``; an empty one if its check is not installed any more."""
    for check in checks:
        facts = check.metrics.get(metric) or check.metrics.get(short(metric, check.name))
        if facts and metric.startswith(f"{check.name}."):
            return facts
    return _NOTHING


def short(metric: str, check: str) -> str:
    """Return the metric's name without its check's name."""
    return metric.removeprefix(f"{check}.")


def how_to_read(facts: MetricFacts) -> str:
    """Return the metric's description, with its range and ideal value if it has them."""
    about = facts.about.strip()
    about += "" if not about or about[-1] in ".!?" else "."
    ideal = f"ideal {_rounded(facts.ideal)}" if facts.ideal is not None else ""
    scale = ", ".join(part for part in (_range(facts), ideal) if part)
    return f"{about} Scale: {scale}.".strip() if scale else about


def _range(facts: MetricFacts) -> str:
    if facts.low is not None and facts.high is not None:
        return f"{_rounded(facts.low)} to {_rounded(facts.high)}"
    if facts.low is not None:
        return f"{_rounded(facts.low)} and up"
    return f"{_rounded(facts.high)} and down" if facts.high is not None else ""


def _rounded(value: float) -> str:
    return written(float(f"{value:.4g}"))


def level(report: Report) -> float:
    """Return the confidence level of the intervals, in (0, 1); the policy's default if the report has none."""
    confidence = _gate(report).get("confidence")
    return confidence if isinstance(confidence, float) and 0 < confidence < 1 else 0.95


def confidence(decision: Decision | Report) -> str:
    """Return the confidence level of the intervals as text, e.g. ``95 %``."""
    level = decision.confidence if isinstance(decision, Decision) else _gate(decision).get("confidence")
    return f"{written(100 * level)}\u00a0%" if isinstance(level, float) else "the run’s confidence"


def gate_min_rows(report: Report) -> int:
    """Return the fewest rows of a group that is decided on; 0 if the policy sets none."""
    value = _gate(report).get("min_rows")
    return value if isinstance(value, int) else 0


def min_rows(report: Report) -> str:
    """Return `gate_min_rows` as text; empty if it is 0."""
    return str(gate_min_rows(report) or "")


def turned_off(report: Report) -> list[str]:
    """Return the names of the checks that the policy turns off."""
    checks = report.policy.effective.get("checks")
    return (
        [str(name) for name, spec in checks.items() if spec is False] if isinstance(checks, Mapping) else []
    )


def _gate(report: Report) -> Mapping[str, object]:
    gate = report.policy.effective.get("gate")
    return gate if isinstance(gate, Mapping) else {}
