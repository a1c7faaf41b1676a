"""Tells what the evidence of attacks is worth: each test with its figure, and what follows from them in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from audit.attacks import BY_GRADIENT
from audit.checks.robustness.attacked_rows import AttackedRows
from audit.checks.robustness.sanity_tests import Finding
from audit.result import Evidence, Note, Table

_TRIED = {
    "restarts": "PGD with a margin loss from five random starts",
    "bpda": "PGD with restarts along gradients that pass steps and stops (BPDA)",
    "smoothed": "PGD with restarts along gradients averaged over near points",
    "border": "a walk along the decision border by its gradient (after FAB)",
    "decisions": "a walk along the border by decisions alone (after HopSkipJump)",
}
_TOLD = ("fgsm", "pgd", "square", "worst")


def validity(attacked: AttackedRows) -> Iterator[Evidence]:
    """Yield the table ``validity``, and notes on what was tried as well and what is a bound only."""
    if attacked.judged is None:  # nothing looked for flips
        return
    yield _table(attacked.judged.findings)
    ran = {outcome.attack for outcome in attacked.outcomes}
    if tried := [what for name, what in _TRIED.items() if name in ran]:
        yield Note(text=f"Tried as well, and counted in worst only: {', '.join(tried)}.")
    if ran & BY_GRADIENT and attacked.judged.valid and not attacked.judged.gradient:
        yield Note(text=_without_gradient(ran))
    if names := [name for name in _TOLD if name in attacked.bounded]:
        yield Note(text=bound(names, [*attacked.before, *attacked.judged.findings]))


def bound(names: Sequence[str], findings: Sequence[Finding]) -> str:
    """Return the sentence on attacks that what they do not flip says nothing of."""
    doubts = dict.fromkeys(finding.doubt for finding in findings if finding.doubt)
    since = f", since {'; '.join(doubts)}" if doubts else ""
    return (
        f"Accuracy under {' and '.join(names)} is an upper bound only{since}. "
        "A rule that asks for robustness cannot pass on it, and still fails where the bound breaks its limit."
    )


def _without_gradient(ran: Set[str]) -> str:
    """Return the sentence on what worst rests on where no gradient stood its tests."""
    walks = " and on walks along the border" if ran & {"border", "decisions"} else " alone"
    return (
        "No gradient from the rows themselves stood its tests: that worst holds no more flips "
        f"rests on the black-box attack{walks}."
    )


def _table(findings: Sequence[Finding]) -> Table:
    return Table(
        name="validity",
        about="whether the attacks would have found what there is: each test, its figure with the interval at 99 %, "
        "and what it asks for",
        columns={
            "test": [finding.test for finding in findings],
            "figure": [finding.figure for finding in findings],
            "low": [finding.span[0] if finding.span else None for finding in findings],
            "high": [finding.span[1] if finding.span else None for finding in findings],
            "rows": [finding.rows for finding in findings],
            "asks": [finding.asks for finding in findings],
            "verdict": [finding.verdict for finding in findings],
        },
    )
