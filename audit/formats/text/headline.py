"""The verdict with its counts as one line, made of words and numbers of ours alone: no name can change what it says."""

from collections import Counter
from collections.abc import Iterator, Sequence

from audit.result import CheckResult, Decision, Report


def headline(decision: Decision | Report, checks: Sequence[CheckResult]) -> str:
    """Return the verdict and how many rules decided it, such as ``FAIL: 2 of 9 rules do not hold, 1 not decided``."""
    return f"{decision.verdict.upper()}: {', '.join(_counts(decision, checks)) or 'nothing was decided on the model'}"


def _counts(decision: Decision | Report, checks: Sequence[CheckResult]) -> Iterator[str]:
    tally = Counter(rule.status for rule in decision.rules)
    total = len(decision.rules)
    crashed = sum(check.status == "crashed" for check in checks)
    of_all = f" of {total:,} rule{'s' * (total != 1)}"
    if decision.verdict == "pass":
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
