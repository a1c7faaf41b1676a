"""The items of `summary.md`: a rule, a check without results or a group as Markdown, each on a few lines."""

from collections.abc import Iterator, Sequence
from itertools import islice

from audit.formats.rule_outcome import measured
from audit.formats.rule_text import UNDECIDED, measurement_lines, ranked, sentence, waiver
from audit.formats.text.catalogue import words
from audit.formats.text.margins import in_words
from audit.formats.text.markdown_text import code, prose, table_row
from audit.formats.text.where_labels import rows_of
from audit.numbers import count, with_interval
from audit.result import CheckResult, Measurement, Report, RuleResult

_MAX_LINES = 3
_BLOCKING = ("fail", "inconclusive")

RULES_HEAD = "| Status | Rule | Value | Limit | n |\n|---|---|---|---|---|"
"""The head of the table whose rows `rule_row` makes."""


def rule_item(rule: RuleResult, report: Report) -> str:
    """Return a rule that does not pass: by how much, its other measurements and reason, and what would decide it."""
    several = rule.status == "inconclusive" or len(rule.measurements) != 1
    reason = sentence(rule.reason.removeprefix(UNDECIDED))
    lines = [*_other_measurements(rule), *([reason] if several else []), *_needs(rule.needs)]
    return "\n".join([_outcome(rule, report), *(f"  - {prose(line)}" for line in lines)])


def waived_item(rule: RuleResult, report: Report) -> str:
    """Return a waived rule: what it measured, who waived it, until when and why."""
    terms = waiver(rule) or "waived, without terms in the report"
    return f"{_outcome(rule, report)}\n  - {prose(sentence(terms))}"


def rule_row(rule: RuleResult) -> str:
    """Return a rule as a table row, with the measurement that is furthest outside the limit or nearest to it."""
    places = ranked(rule)
    value = _worst(places[0][0], len(places)) if places else ""
    rows = count(rows_of(places[0][0])) if places else ""
    return table_row(_status(rule), code(rule.id), value, prose(in_words(rule.limit)), rows)


def _worst(measurement: Measurement, total: int) -> str:
    value = with_interval(measurement.value, measurement.ci)
    return f"{value}, worst of {total:,}" if total > 1 else value


def _status(rule: RuleResult) -> str:
    name = words("status", rule.status)
    if rule.would_be in _BLOCKING:
        return words("status", "without_waiver", status=name, would_be=words("status", rule.would_be))
    return f"**{name}**" if rule.status in _BLOCKING else name


def check_item(check: CheckResult) -> str:
    """Return a check without results, and why it has none."""
    reason = prose(check.reason or "no reason is recorded")
    return f"- The check {code(check.name)} {'was skipped' if check.status == 'skipped' else check.status}: {reason}"


def group_item(group: tuple[str, tuple[str, str]]) -> str:
    """Return a group that rules left out, with its rows and a value of it (see `audit.formats.small_groups`)."""
    name, (rows, value) = group
    return f"- {code(name)}: {prose(rows)}; {prose(value)}"


def _outcome(rule: RuleResult, report: Report) -> str:
    """Return the item's first line: what was measured, after the rule's id."""
    return f"- {code(rule.id)}: {prose(measured(rule, report))}"


def _other_measurements(rule: RuleResult) -> Iterator[str]:
    """Yield the measurements after the one that `measured` has."""
    lines = min(len(rule.measurements), _MAX_LINES + 1)
    yield from islice(measurement_lines(rule, (), _MAX_LINES), 1, lines)


def _needs(needs: Sequence[str]) -> Iterator[str]:
    yield from (words("next", "to_decide", need=need) for need in needs[:_MAX_LINES])
    if len(needs) > _MAX_LINES:
        yield f"and {len(needs) - _MAX_LINES:,} more needs"
