"""Reasons for the status of a rule, one sentence each."""

import math
from collections.abc import Iterable, Sequence

from audit.errors import quote_list
from audit.gate.claims import ANY, Claim
from audit.policy.gate_spec import Rule
from audit.result import CheckResult, Measurement, Note
from audit.stats.methods import method_named
from audit.stats.paired_intervals import CRASHED
from audit.stats.rows_and_references import is_open_above

ACROSS = "the interval includes the limit"
NO_INTERVAL = "there is no interval"
UNDEFINED = "the value is not finite"
EMPTY = "a denominator of the metric has no rows, so it has no value"
NO_BASELINE = "the baseline has no such measurement"
NOT_COMPARED = "comparing it with the baseline crashed"
BOUND = "the measurement bounds the value on one side only"
_MAX_NAMED = 6
CORRECTED = "the interval is outside the limit, but not after Holm's correction for multiple comparisons"


def why_open(claim: Claim, breaks: bool) -> str:
    """Return why a claim is undecided; ``breaks`` means that it would break without the correction."""
    measurement = claim.measurement
    baseline = measurement.baseline
    if breaks:
        return CORRECTED
    if claim.paired and baseline is None:
        return NO_BASELINE
    if claim.paired and baseline and baseline.method == CRASHED:
        return NOT_COMPARED
    if not math.isfinite(claim.value):
        return EMPTY if measurement.rows == 0 else UNDEFINED
    if method_named(measurement.method).open_side or is_open_above(measurement):
        return BOUND
    return NO_INTERVAL if claim.span is None else ACROSS


def audits(number: int | None, max_audits: int) -> str:
    """Return the reason of ``gate.max_audits``."""
    if number is None:
        return "not decided: the number of audits of these rows is unknown"
    audits_of_rows = f"{number:,} different audit{'s' * (number != 1)} of these rows"
    return f"{audits_of_rows}, of {max_audits:,} that the policy allows"


def decided(total: int, broken: int) -> str:
    """Return the reason of a rule that failed, or with nothing ``broken`` passed."""
    if broken:
        verb = "is" if broken == 1 else "are"
        return f"{'the value' if total == 1 else f'{broken} of {total} measured values'} {verb} outside the limit"
    return (
        "the value is within the limit" if total == 1 else f"all {total} measured values are within the limit"
    )


def undecided(total: int, causes: Sequence[str]) -> str:
    """Return the reason of a rule with open values, whose ``causes`` are those of `why_open`."""
    if total == 1:
        return f"not decided: {causes[0]}"
    counted = [f"{cause} ({causes.count(cause)})" for cause in sorted(set(causes))]
    verb = "is" if len(causes) == 1 else "are"
    return f"{len(causes)} of {total} measured values {verb} not decided: {', '.join(counted)}"


def small_outside(groups: Sequence[str]) -> str:
    """Return the reason of a rule that small ``groups`` keep from passing."""
    verb, intervals = (
        ("has", "its whole interval is") if len(groups) == 1 else ("have", "their whole intervals are")
    )
    return f"{quote_list(groups)} {verb} fewer rows than gate.min_rows, but {intervals} outside the limit"


def unpooled(groups: Sequence[str]) -> str:
    """Return the reason of a rule on a report that does not hold its small ``groups`` measured together."""
    return (
        f"{quote_list(groups)} have fewer rows than gate.min_rows and were not pooled: run the audit again "
        "with this gate.min_rows"
    )


def of_bounds(rule: Rule, measurements: Iterable[Measurement], checks: Sequence[CheckResult]) -> str:
    """Return the notes on values bounded on one side only, as sentences that follow a reason; empty if none is.

    They explain the rule, or one of the ``measurements`` that it covers.
    """
    name = rule.check
    notes = [note for check in checks if check.name == name for note in check.reasons if note.bounds]
    wheres = [rule.where, *(measurement.where for measurement in measurements)]
    return "".join(f". {note.text.rstrip('.')}" for note in notes if any(map(note.explains, wheres)))


def nothing_decided(rule: Rule, left_out: Sequence[str], min_rows: int, checks: Sequence[CheckResult]) -> str:
    """Return the reason of a rule that covers nothing, or only groups that are ``left_out``, each with its rows."""
    if left_out:
        groups = "1 group has" if len(left_out) == 1 else f"all {len(left_out)} groups have"
        named = ", ".join(left_out[:_MAX_NAMED]) + (", …" if len(left_out) > _MAX_NAMED else "")
        return f"{groups} fewer rows in the metric's denominator than gate.min_rows, which is {min_rows:,}: {named}"
    name = rule.check
    check = next((check for check in checks if check.name == name), None)
    if check is None:
        return f"the check {name} did not run"
    if check.status != "measured":
        return f"the check {name} {'was skipped' if check.status == 'skipped' else 'crashed'}: {check.reason}"
    reason = "it covers no measurement: none matches its metric and 'where'"
    return ". ".join([reason, *(note.text for note in check.reasons if _is_about(note, rule))])


def _is_about(note: Note, rule: Rule) -> bool:
    """Return whether a note is about measurements that the rule would cover: ``"*"`` stands for any group."""
    shared = note.about.keys() & rule.where.keys()
    return bool(shared) and all(rule.where[key] in (ANY, *note.about[key]) for key in shared)
