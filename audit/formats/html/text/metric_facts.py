"""What a report says about its metrics and about how it was decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from audit.formats.html.text.numbers import written
from audit.result import CheckResult, MetricFacts, Report

_NOTHING = MetricFacts(about="")


def facts_of(metric: str, checks: Iterable[CheckResult]) -> MetricFacts:
    """Return the facts of ``metric``; empty ones where its check is not installed any more."""
    for check in checks:
        facts = check.metrics.get(metric) or check.metrics.get(short(metric, check.name))
        if facts and metric.startswith(f"{check.name}."):
            return facts
    return _NOTHING


def short(metric: str, check: str) -> str:
    """Return the metric's name without its check's name."""
    return metric.removeprefix(f"{check}.")


def how_to_read(facts: MetricFacts) -> str:
    """Return one sentence on the metric, and one on its range and ideal value if it has them."""
    about = facts.about.strip()
    about += "" if not about or about[-1] in ".!?" else "."
    scale = ", ".join(part for part in (_range(facts), _ideal(facts)) if part)
    return f"{about} Scale: {scale}.".strip() if scale else about


def _range(facts: MetricFacts) -> str:
    if facts.low is not None and facts.high is not None:
        return f"{written(facts.low)} to {written(facts.high)}"
    if facts.low is not None:
        return f"{written(facts.low)} and up"
    return f"{written(facts.high)} and down" if facts.high is not None else ""


def _ideal(facts: MetricFacts) -> str:
    return f"ideal {written(facts.ideal)}" if facts.ideal is not None else ""


def level(report: Report) -> float:
    """Return the confidence of the intervals, in (0, 1); the policy's default where the report does not say."""
    given = _gate(report).get("confidence")
    return given if isinstance(given, float) and 0 < given < 1 else 0.95


def confidence(report: Report) -> str:
    """Return the level of the intervals as a reader says it, e.g. ``95 %``."""
    level = _gate(report).get("confidence")
    return f"{written(100 * level)}\u00a0%" if isinstance(level, float) else "the run’s confidence"


def min_rows(report: Report) -> str:
    """Return the fewest rows of a group that is decided on, or nothing if the policy does not say."""
    value = _gate(report).get("min_rows")
    return str(value) if isinstance(value, int) and value else ""


def turned_off(report: Report) -> list[str]:
    """Return the checks that the policy turns off."""
    checks = report.policy.effective.get("checks")
    return (
        [str(name) for name, given in checks.items() if given is False] if isinstance(checks, Mapping) else []
    )


def _gate(report: Report) -> Mapping[str, object]:
    gate = report.policy.effective.get("gate")
    return gate if isinstance(gate, Mapping) else {}
