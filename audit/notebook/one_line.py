"""A report in one line: verdict, what led to it, model and rows."""

from collections import Counter

from audit.formats.text.safe_text import brief, dotted
from audit.gate.verdict import DECISION_VERSION
from audit.numbers import count
from audit.result import Report

_DIGEST_CHARACTERS = len("sha256:1a2b")


def one_line(report: Report) -> str:
    """Return ``<Report fail: 1 of 5 rules failed, model models/income/3 sha256:1a2b…, 16,281 rows>``."""
    crashed = [
        f"the check {brief(check.name)} crashed" for check in report.checks if check.status == "crashed"
    ]
    model = f"model {brief(report.model.path)} {report.model.digest[:_DIGEST_CHARACTERS]}…"
    parts = [_rules(report), *crashed, model, f"{count(report.data.rows)} rows"]
    if report.decision_version != DECISION_VERSION:
        parts.append(f"decided by version {report.decision_version} of the decision rules")
    return dotted(f"<Report {report.verdict}: {', '.join(parts)}>")


def _rules(report: Report) -> str:
    """Return how many rules have the status that the verdict follows from, and how many are waived."""
    if not report.rules:
        return "no rules"
    number = Counter(rule.status for rule in report.rules)
    total = f"{len(report.rules)} rule{'s' * (len(report.rules) > 1)}"
    waived = f", {number['waived']} waived" if number["waived"] else ""
    if number["fail"]:
        return f"{number['fail']} of {total} failed{waived}"
    if number["inconclusive"]:
        return f"{number['inconclusive']} of {total} not decided{waived}"
    return f"{number['pass']} of {total} passed{waived}"
