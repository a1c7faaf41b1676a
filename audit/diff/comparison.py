"""Compares two reports."""

from collections.abc import Iterator, Sequence

from audit.diff.facts import fact_changes, summary_of
from audit.diff.limits import limit_changes, waiver_changes
from audit.diff.measurements import by_key, measurement_changes
from audit.diff.presence import presence_changes, warning_changes
from audit.diff.records import PolicyChange, ReportDiff
from audit.diff.relation import Relation, relation
from audit.diff.rules import rule_changes
from audit.diff.settings import setting_changes
from audit.policy.compatibility import recorded_policy
from audit.policy.model import ResolvedPolicy
from audit.result import Measurement, Report


def compare(old: Report, new: Report) -> ReportDiff:
    """Return the difference between two reports; what merely varies from run to run (``run``) is left out.

    Raises:
        AuditError: a report holds no valid policy, or lacks the counts that its intervals follow from.
    """
    shared = relation(old, new)
    measurements = list({**by_key(old), **by_key(new)}.values())
    changes, tests = measurement_changes(old, new, shared)
    return ReportDiff(
        old=summary_of(old),
        new=summary_of(new),
        basis=basis(shared),
        tests=tests,
        rules=rule_changes(old, new),
        measurements=[change for change in changes if "feature" not in change.where],
        attributions=[change for change in changes if "feature" in change.where],
        presence=presence_changes(old, new),
        warnings=warning_changes(old, new),
        policy=list(policy_changes(recorded_policy(old), recorded_policy(new), measurements)),
        facts=fact_changes(old, new),
    )


def policy_changes(
    old: ResolvedPolicy, new: ResolvedPolicy, measurements: Sequence[Measurement]
) -> Iterator[PolicyChange]:
    """Yield the changes from one policy to another, each with its effect on what is measured."""
    yield from limit_changes(old.rules, new.rules, measurements)
    yield from waiver_changes(old.waivers, new.waivers)
    yield from setting_changes(old.effective(), new.effective())


def basis(shared: Relation) -> str:
    """Return in words what two audits have in common, and how their values are compared."""
    if shared.rows == "same" and shared.model:
        draws = "the same draws" if shared.same_draws else "other draws or versions"
        return (
            f"The same model on the same rows, with {draws}: what is measured on all rows differs by no chance, and "
            "two samples of rows are taken as independent."
        )
    if shared.paired:
        return (
            "The new audit measured the old model as its baseline on the same rows: differences have their paired "
            "intervals where it did, and elsewhere the widest that the unknown dependence allows."
        )
    if shared.rows == "other":
        return (
            "The rows differ: the two audits are taken as independent samples. If they share rows, the intervals of "
            "differences are wider than they need to be."
        )
    same = "The same rows" if shared.rows == "same" else "Perhaps the same rows"
    return (
        f"{same}, and another model or other settings: how the two audits' errors go together is unknown, so the "
        "widest intervals of differences decide. To compare the models row by row, set model.baseline to the old one."
    )
