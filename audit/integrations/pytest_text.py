"""Texts of pytest's tests: a rule's failure, problems that are no rule's, and numbers as properties of a test."""

from collections.abc import Iterator, Sequence
from itertools import islice

from audit.cli.plain_text import plain
from audit.formats.rule_outcome import details, outcome
from audit.formats.rule_text import MAX_REASON, measurement_lines, one_line
from audit.formats.text.margins import in_words
from audit.formats.text.safe_text import elide
from audit.result import Measurement, Report, RuleResult

_MAX_CHARACTERS = 500


def failure_text(rule: RuleResult, report: Report) -> str:
    """Return a rule's status, id and outcome, and below them its other measurements and what would decide it."""
    return "\n".join([f"{rule.status}: {one_line(rule.id)}", outcome(rule, report), *details(rule, report)])


def failure_reason(rule: RuleResult, report: Report) -> str:
    """Return the reason of a rule's status, and the measurement furthest beyond its limit, on one line."""
    worst = islice(measurement_lines(rule, report.data.groups), 1)
    return "; ".join([one_line(elide(rule.reason, MAX_REASON)), *worst])


def problems_without_test(
    report: Report, rules_with_tests: Sequence[str], undecided_fails: bool
) -> list[str]:
    """Return what keeps the verdict from a pass though no test of a rule says so; empty if nothing does.

    A check that crashed, every rule waived, or a default rule that only the data call for. ``rules_with_tests`` are
    ids of rules.
    """
    crashed = [check for check in report.checks if check.status == "crashed"]
    problems = [
        f"the check {plain(check.name)} crashed: {plain(check.reason, _MAX_CHARACTERS)}" for check in crashed
    ]
    blocking = ("fail", "inconclusive") if undecided_fails else ("fail",)
    others = [rule for rule in report.rules if rule.id not in rules_with_tests and rule.status in blocking]
    problems += [failure_text(rule, report) for rule in others]
    if report.verdict != "pass" and not any(rule.status in ("fail", "inconclusive") for rule in report.rules):
        problems.append(plain(f"{report.verdict.upper()}: {report.reason}", _MAX_CHARACTERS))
    return list(dict.fromkeys(problems))


def properties(rule_id: str, report: Report) -> Iterator[tuple[str, str]]:
    """Yield names and values of the audit's facts and a rule's numbers, the latter with all digits."""
    yield "verdict", report.verdict
    yield "model", report.model.digest
    yield "data", report.data.digest
    yield "policy", report.policy.digest
    for rule in report.rules:
        if rule.id == rule_id:
            yield from _of_rule(rule)


def _of_rule(rule: RuleResult) -> Iterator[tuple[str, str]]:
    yield "status", rule.status
    yield "limit", in_words(rule.limit)
    for measurement in rule.measurements:
        yield from _numbers(measurement)
    for measurement in rule.not_decided:
        yield from _numbers(measurement, " (fewer rows than gate.min_rows)")


def _numbers(measurement: Measurement, remark: str = "") -> Iterator[tuple[str, str]]:
    where = ",".join(f"{key}={value}" for key, value in sorted(measurement.where.items()))
    name = plain(f"{measurement.metric}[{where}]" if where else measurement.metric, _MAX_CHARACTERS) + remark
    yield name, str(measurement.value)
    if measurement.ci:
        yield f"{name} interval", f"{measurement.ci[0]} to {measurement.ci[1]}"
    yield f"{name} n", str(measurement.n)
