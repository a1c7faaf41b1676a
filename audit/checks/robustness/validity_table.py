"""The table ``validity``: each sanity test of the attacks with its figure, and notes on what follows from them."""

from collections.abc import Iterator, Sequence

from audit.attacks import ATTACKS
from audit.checks.robustness.attacked_rows import AttackedRows
from audit.checks.robustness.sanity_tests import Finding
from audit.result import Evidence, Note, Scalar, Table


def validity(attacked: AttackedRows) -> Iterator[Evidence]:
    """Yield the table, and notes on attacks that ran as well and on figures that are bounds."""
    verdict = attacked.verdict
    if verdict is None:  # nothing looked for flips
        return
    yield _table(verdict.findings)
    names = {outcome.attack for outcome in attacked.outcomes}
    ran = [spec for spec in ATTACKS.values() if spec.name in names]
    if unasked := [spec for spec in ran if not spec.on_request]:
        descriptions = ", ".join(spec.description or spec.label for spec in unasked)
        about: dict[str, list[Scalar]] = {"attack": [spec.name for spec in unasked]}
        yield Note(text=f"Also run, and counted in worst only: {descriptions}.", about=about)
    if verdict.valid and not verdict.gradient and any(spec.follows_own_gradient for spec in ran):
        walks = any(spec.along_boundary for spec in ran)
        yield Note(
            text="No gradient at the rows themselves passed its tests. That worst contains no more flips relies on the "
            f"black-box attack{' and on walks along the decision boundary' if walks else ' alone'}."
        )
    if bounds := [name for name in [*ATTACKS, "worst"] if name in attacked.bounds]:
        sentence = bound_sentence(bounds, [*attacked.before, *verdict.findings])
        yield Note(text=sentence, about={"attack": [*bounds]}, bounds=True)


def bound_sentence(names: Sequence[str], findings: Sequence[Finding]) -> str:
    """Return the sentence on attacks whose accuracy is an upper bound, with each doubt once."""
    doubts = dict.fromkeys(finding.doubt for finding in findings if finding.doubt)
    since = f", since {'; '.join(doubts)}" if doubts else ""
    return (
        f"Accuracy under {' and '.join(names)} is an upper bound only{since}. "
        "A rule that asks for robustness cannot pass on it, but fails if the bound breaks its limit."
    )


def _table(findings: Sequence[Finding]) -> Table:
    intervals = [finding.interval or (None, None) for finding in findings]
    return Table(
        name="validity",
        about="tests of whether the attacks work: each test, its result with the 99 % interval, "
        "and its requirement",
        columns={
            "test": [finding.test for finding in findings],
            "figure": [finding.figure for finding in findings],
            "low": [low for low, _ in intervals],
            "high": [high for _, high in intervals],
            "rows": [finding.rows for finding in findings],
            "asks": [finding.asks for finding in findings],
            "verdict": [finding.verdict for finding in findings],
        },
    )
