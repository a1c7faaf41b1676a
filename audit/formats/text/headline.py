"""The verdict with its counts as one line, made of words and numbers of ours alone: no name can change what it says."""

from collections import Counter
from collections.abc import Iterator

from audit.result import Report


def headline(report: Report) -> str:
    """Return the verdict and how many rules decided it, such as ``FAIL: 2 of 9 rules do not hold, 1 not decided``."""
    return f"{report.verdict.upper()}: {', '.join(_counts(report)) or 'nothing was decided on the model'}"


def _counts(report: Report) -> Iterator[str]:
    tally = Counter(rule.status for rule in report.rules)
    total = len(report.rules)
    crashed = sum(check.status == "crashed" for check in report.checks)
    of_all = f" of {total:,} rule{'s' * (total != 1)}"
    if report.verdict == "pass":
        yield f"{tally['pass']:,}{of_all} hold{'s' * (tally['pass'] == 1)}"
    elif not total:
        yield "the policy has no rules"
    if tally["fail"]:
        yield f"{tally['fail']:,}{of_all} {'does' if tally['fail'] == 1 else 'do'} not hold"
    if tally["inconclusive"]:
        yield f"{tally['inconclusive']:,}{'' if tally['fail'] else of_all} not decided"
    if crashed and not tally["fail"]:
        yield f"{crashed:,} check{'s' * (crashed != 1)} crashed"
    if tally["waived"]:
        yield "every rule is waived" if tally["waived"] == total else f"{tally['waived']:,} waived"
