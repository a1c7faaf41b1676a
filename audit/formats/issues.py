"""What a report holds that is no success: the entries of formats that list problems only."""

import hashlib
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from audit.formats.rule_outcome import outcome
from audit.formats.rule_text import MAX_REASON, sentence
from audit.formats.text.safe_text import brief, elide
from audit.result import CheckResult, Report, RuleResult

Kind = Literal["fail", "inconclusive", "waived", "crashed", "verdict", "superseded"]

CRASHED = "check-crashed"
"""Id of the issue of a check that crashed; it has no rule in the policy."""

VERDICT = "verdict"
"""Id of the issue of a verdict that no rule and no check explains, as without rules."""

SUPERSEDED = "superseded"
"""Id of the notice that an older version of the rules decided the report."""


@dataclass(frozen=True, slots=True)
class Issue:
    """A rule that failed, is undecided or waived, a check that crashed, a verdict that neither explains, or a notice.

    ``id`` is the rule's or one of the three above, ``line`` the one in the policy file, from 1. ``fingerprint`` is the
    same in every audit under the same policy file, and another for each issue of a report.
    """

    kind: Kind
    id: str
    text: str
    line: int
    fingerprint: str
    rule: RuleResult | None = None


def issues(report: Report) -> list[Issue]:
    """Return all issues of a report; none only if the verdict is pass and nothing is waived."""
    return [*_of_rules(report), *_of_checks(report), *_of_verdict(report)]


def notices(report: Report) -> list[Issue]:
    """Return what a reader has to know though it is no problem, for a format that has no other place for it."""
    if not report.superseded:
        return []
    mark = _fingerprint(report, SUPERSEDED, "")
    return [Issue("superseded", SUPERSEDED, sentence(report.superseded), _line(report), mark)]


def unexplained(report: Report) -> bool:
    """Return whether the verdict is no pass though no rule and no check says why, as without rules."""
    statuses = {rule.status for rule in report.rules}
    if report.verdict == "fail":
        return "fail" not in statuses
    open_or_worse = statuses & {"fail", "inconclusive"} or any(c.status == "crashed" for c in report.checks)
    return report.verdict != "pass" and not open_or_worse


def policy_path(report: Report) -> str:
    """Return the policy's path without ``./``; without a file that of the model, which is all that can be named."""
    return posixpath.normpath(report.policy.path or report.model.path)


def crash_text(check: CheckResult) -> str:
    """Return in a sentence that a check crashed, and how."""
    return sentence(f"the check {brief(check.name)} crashed: {elide(str(check.reason), MAX_REASON)}")


def verdict_text(report: Report) -> str:
    """Return the verdict and its reason in two sentences."""
    return f"The verdict is {report.verdict}. {sentence(report.reason)}"


def _of_rules(report: Report) -> Iterator[Issue]:
    for rule in report.rules:
        if rule.status != "pass":
            mark = _fingerprint(report, "rule", rule.id)
            yield Issue(rule.status, rule.id, outcome(rule, report), _line(report, rule.id), mark, rule)


def _of_checks(report: Report) -> Iterator[Issue]:
    for check in report.checks:
        if check.status == "crashed":
            mark = _fingerprint(report, "check", check.name)
            yield Issue("crashed", CRASHED, crash_text(check), _line(report), mark)


def _of_verdict(report: Report) -> Iterator[Issue]:
    if unexplained(report):
        mark = _fingerprint(report, "verdict", "")
        yield Issue("verdict", VERDICT, verdict_text(report), _line(report), mark)


def _line(report: Report, rule: str = "") -> int:
    """Return the line of a rule in the policy file; 1 if none is known, as without a file."""
    line = report.rule_lines.get(rule)
    return line if isinstance(line, int) and line > 0 else 1


def _fingerprint(report: Report, kind: str, name: str) -> str:
    # Without the status: a rule that fails after it was undecided is the same issue to those who track it. With the
    # path: the reports of several policies may meet in one pipeline.
    identity = "\0".join([kind, name, str(report.policy.path)])
    # Not as escapes, which another name may spell out.
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
