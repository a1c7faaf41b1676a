"""Summary of a decision on the terminal."""

from collections.abc import Iterator, Mapping, Sequence

from audit.audit_log.audit_count import audit_number, audit_number_in_words
from audit.cli.colour import Style, bare
from audit.cli.first_line import first_line
from audit.cli.plain_text import plain
from audit.errors import quote_list
from audit.formats.rule_outcome import measured_sentences
from audit.formats.rule_text import UNDECIDED, by_place, sentence
from audit.formats.small_groups import rows_in_words, undecided_rows
from audit.formats.text.catalogue import words
from audit.formats.text.measurement_text import measurement_text
from audit.numbers import number, with_interval
from audit.result import MAX_AUDITS, Baseline, Decision, GroupFacts, Measurement, Report, RuleResult

_NOT_MEASURED = {"skipped": "was skipped", "crashed": "crashed"}
_MAX_LINES_PER_RULE = 3
_MAX_CLAIM = 600
MIN_SLOW_SECONDS = 10.0  # a plug-in that takes less is not worth a remark
MAX_SHARE = 0.5  # of an audit's seconds


def summary(
    decision: Decision | Report, report: Report, style: Style = bare, verbose: bool = False
) -> Iterator[str]:
    """Yield the lines of a decision: the verdict, then every rule, worst first.

    ``decision`` is on ``report``, under its policy or another. With ``verbose``, every measurement is listed.
    """
    verdict, colon, rest = first_line(decision, report.checks).partition(":")
    yield f"{style(verdict, decision.verdict)}{colon}{rest}"
    order = ("fail", "inconclusive", "waived", "pass")
    for rule in sorted(decision.rules, key=lambda rule: order.index(rule.status)):
        mark = style(f"{words('status', rule.status):11}", rule.status)
        yield f"  {mark}  {plain(rule.id)}"
        yield from (f"               {line}" for line in _lines(rule, decision, report.data.groups, verbose))


def _lines(
    rule: RuleResult, decision: Decision | Report, groups: Sequence[GroupFacts], verbose: bool
) -> Iterator[str]:
    """Yield what page one says of a rule, then its other measurements, and what would decide it."""
    limit = None if verbose else _MAX_LINES_PER_RULE
    yield from (plain(text, _MAX_CLAIM) for text in measured_sentences(rule, decision))
    is_count = rule.id == MAX_AUDITS  # its measurement is in its reason
    if is_count or rule.status == "inconclusive" or (rule.status != "pass" and len(rule.measurements) != 1):
        yield plain(sentence(rule.reason.removeprefix(UNDECIDED)), _MAX_CLAIM)
    if verbose or rule.status != "pass":
        yield from _worst(rule, rule.measurements, limit, skipped=0 if verbose else 1)
    yield from (
        plain(words("next", "to_decide", need=need), _MAX_CLAIM) for need in _first(rule.needs, limit)
    )
    if rule.not_decided:
        count = len(rule.not_decided)
        yield f"left out by gate.min_rows: {count} group{'s' * (count != 1)}"
        yield from (f"  {line}" for line in _worst(rule, rule.not_decided, limit, groups))


def remarks(report: Report) -> Iterator[str]:
    """Yield notes and warnings for reading the verdict."""
    if report.policy.default_rules:
        yield "  note    the default rules were used: starting points, not a standard for this case"
    if report.model.allowed_operations:
        names = plain(", ".join(report.model.allowed_operations), 300)
        yield f"  note    the policy allows operations that are refused by default: {names}"
    if report.model.imports:
        yield f"  note    the policy imported packages of operations: {plain(', '.join(report.model.imports), 300)}"
    if left_out := report.data.left_out:
        yield f"  note    columns that are no features: {plain(quote_list(left_out), 300)}"
    for name, options in report.policy.effective["checks"].items():  # type: ignore[attr-defined]  # a mapping
        if options is False:
            yield f"  note    the policy turns off the check {plain(name)}"
    for text in undecided_rows(report):
        yield f"  note    {plain(text, 300)}"
    for check in report.checks:
        if check.status != "measured":
            yield f"  note    the check {plain(check.name)} {_NOT_MEASURED[check.status]}: {plain(check.reason, 300)}"
    seconds = report.run["seconds"]
    if isinstance(seconds, dict) and (slow := slow_plug_in(seconds)):
        spent = f"{seconds[slow]:,.0f} of the audit's {sum(seconds.values()):,.0f} seconds"
        yield f"  note    the plug-in check {plain(slow)} took {spent}"
    if audit_number(report) is not None:
        yield f"  note    {audit_number_in_words(report)}"
    for warning in report.warnings:
        yield f"  warning {plain(warning, 500)}"


def slow_plug_in(seconds: Mapping[str, float]) -> str | None:
    """Return the plug-in that took more than half of the audit's ``seconds``, given by part, if it took 10 or more."""
    from audit.check.entry_points import is_plug_in  # late: `audit --help` needs no pydantic

    limit = max(MIN_SLOW_SECONDS, MAX_SHARE * sum(seconds.values()))
    slow = (name for name, spent in seconds.items() if spent >= limit)
    return next((name for name in slow if name != "load" and is_plug_in(name)), None)


def uncounted(report: Report) -> str:
    """Return why the audit could not be counted; empty if it was counted or not to be."""
    return "" if audit_number(report) is not None else audit_number_in_words(report)


def _worst(
    rule: RuleResult,
    measurements: Sequence[Measurement],
    limit: int | None,
    groups: Sequence[GroupFacts] | None = None,
    skipped: int = 0,
) -> Iterator[str]:
    """Yield the measurements furthest beyond the limit; those of small groups with the rows of their ``groups``.

    The first ``skipped`` are left out, which a sentence says already.
    """
    if rule.id == MAX_AUDITS:  # a count of audits: the reason says all of it
        return iter(())
    places = by_place(measurements, rule)[skipped:]
    return _first([_line(measurement, groups) for measurement, _ in places], limit)


def _first(lines: Sequence[str], limit: int | None) -> Iterator[str]:
    yield from lines[:limit]
    if limit is not None and len(lines) > limit:
        yield f"and {len(lines) - limit} more"


def _line(measurement: Measurement, groups: Sequence[GroupFacts] | None) -> str:
    text = measurement_text(measurement)
    interval = f" ({text.ci})" if text.ci else " (no interval)"
    rows = f"n {text.rows}" if groups is None else rows_in_words(measurement, groups)
    return f"{plain(text.label)}: {text.value}{interval}, {rows}{_compared(measurement.baseline)}"


def _compared(baseline: Baseline | None) -> str:
    if baseline is None:
        return ""
    improvement = with_interval(baseline.improvement, baseline.improvement_ci)
    return f"; baseline {number(baseline.value)}, improvement {improvement}"
