"""What is printed: names from outside as plain text, verdicts and rules as a summary."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator

from audit.result import Decision, Measurement, Report, RuleResult

_MARKS = {"pass": "pass", "fail": "FAIL", "inconclusive": "open", "waived": "waived"}
_LEFT = {"skipped": "was skipped", "crashed": "crashed"}
_LONGEST = 100


def plain(text: object, longest: int = _LONGEST) -> str:
    """Return ``text`` on one line without control characters (a name may hold terminal escapes), elided."""
    clean = "".join(c if unicodedata.category(c)[0] != "C" else "·" for c in str(text))
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def number(value: float) -> str:
    """Return a value for people: four significant digits, words where it is not finite."""
    if math.isfinite(value):
        return f"{value:.4g}"
    return "undefined" if math.isnan(value) else "infinite"


def summary(decision: Decision | Report) -> Iterator[str]:
    """Yield the lines of a decision: the verdict, then every rule, worst first."""
    yield f"{decision.verdict.upper()}: {plain(decision.reason, 300)}"
    order = ("fail", "inconclusive", "waived", "pass")
    for rule in sorted(decision.rules, key=lambda rule: order.index(rule.status)):
        yield f"  {_MARKS[rule.status]:7} {plain(rule.id)}  {_limit(rule)}: {plain(rule.reason, 300)}"
        if rule.status != "pass" or len(rule.measurements) == 1:
            yield from (f"            {line}" for line in _worst(rule))
        if rule.not_decided and rule.measurements:
            yield f"            left out by gate.min_rows: {_several(len(rule.not_decided), 'group')}"


def remarks(report: Report) -> Iterator[str]:
    """Yield what to bear in mind when reading the verdict."""
    if report.policy.default_rules:
        yield "  note    the default rules were used: starting points, not a standard for this case"
    if report.model.allowed_operations:
        names = plain(", ".join(report.model.allowed_operations), 300)
        yield f"  note    the policy let the model reach beyond itself: {names}"
    for name, given in report.policy.effective["checks"].items():  # type: ignore[attr-defined]  # a mapping
        if given is False:
            yield f"  note    the policy turns off the check {plain(name)}"
    for check in report.checks:
        if check.status != "measured":
            yield f"  note    the check {plain(check.name)} {_LEFT[check.status]}: {plain(check.reason, 300)}"
    repeated = report.data.rows - report.data.distinct_rows
    if repeated:
        yield f"  note    {repeated:,} of {report.data.rows:,} rows repeat another row, which narrows the intervals"


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _limit(rule: RuleResult) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in rule.limit.items())


def _worst(rule: RuleResult, shown: int = 3) -> Iterable[str]:
    ordered = sorted(rule.measurements, key=lambda m: -_beyond(m, rule))
    for measurement in ordered[:shown]:
        yield _line(measurement)
    if len(ordered) > shown:
        yield f"and {len(ordered) - shown} more"


def _line(measurement: Measurement) -> str:
    where = ", ".join(plain(value, 40) for value in measurement.where.values()) or "all rows"
    span = measurement.ci
    interval = f" [{number(span[0])}, {number(span[1])}]" if span else " (no interval)"
    return f"{where}: {number(measurement.value)}{interval}, {measurement.n:,} rows"


def _beyond(measurement: Measurement, rule: RuleResult) -> float:
    """Return how far a value lies beyond the limits; an undefined one comes first."""
    value, limit = measurement.value, rule.limit
    if math.isnan(value):
        return math.inf
    gaps = [limit["at_least"] - value] if "at_least" in limit else []
    gaps += [value - limit["at_most"]] if "at_most" in limit else []
    gaps += [abs(value) - limit["within"]] if "within" in limit else []
    return max(gaps, default=0.0)
