"""Fairness assessments of a model card: for each group at risk, what the policy's rules measured. It judges nothing."""

from collections import Counter
from collections.abc import Iterator

from audit.formats.model_card.fields import Record, name, text
from audit.formats.rule_text import SEVERITY
from audit.formats.small_groups import rows_in_words
from audit.formats.text.margins import Place, in_words, place
from audit.formats.text.where_labels import describe, rows_of
from audit.numbers import count, with_interval
from audit.result import Measurement, Report, RuleResult
from audit.result.small_groups import group_name, pool_in_words

_NOTHING = "No rule of the policy is on this group."
_MAX_SENTENCES = 6  # so that a text has room for all of them, unless names are very long
Group = tuple[str, str]
_OF_GROUP = {"attribute", "group", "unprivileged"}
_STATUS = {
    "pass": "holds",
    "fail": "does not hold",
    "inconclusive": "could not be decided",
    "waived": "is waived",
}
_SIDES = {"fail": ("outside",), "inconclusive": ("outside", "undefined", "crossing")}
"""Where a value may be that made a rule fail or undecided."""


def fairness_assessments(report: Report) -> list[Record]:
    """Return an assessment of every group but the privileged ones, in the order of the data's groups.

    Each has the first sentences of the rules on the group, the failed ones first, and the number of the others.
    """
    sentences: dict[Group, list[str]] = {group: [] for group in _at_risk(report)}
    more: Counter[Group] = Counter()
    for rule, measurement, decided, group in _on_groups(report):
        listed = sentences.setdefault(group, [])
        if len(listed) < _MAX_SENTENCES:
            listed.append(_sentence(rule, measurement, decided, report))
        else:
            more[group] += 1
    for group, number in more.items():
        sentences[group].append(f"{count(number)} more measurements of rules are in report.json.")
    return [
        {"groupAtRisk": name(": ".join(filter(None, group))), "harms": text(" ".join(listed) or _NOTHING)}
        for group, listed in sentences.items()
    ]


def _at_risk(report: Report) -> Iterator[Group]:
    for facts in report.data.groups:
        yield from ((facts.attribute, group) for group in facts.rows if group not in facts.privileged)


def _on_groups(report: Report) -> Iterator[tuple[RuleResult, Measurement, bool, Group]]:
    """Yield the measurements of one group, or of one against others, and whether their rule was decided on them.

    Those of failed rules come first.
    """
    for rule in sorted(report.rules, key=lambda rule: SEVERITY.index(rule.status)):
        for measurements, decided in ((rule.measurements, True), (rule.not_decided, False)):
            for m in measurements:
                if (member := group_name(m)) is not None:
                    group = pool_in_words(m.members, len(m.members)) if m.members else member
                    yield rule, m, decided, (str(m.where.get("attribute", "")), group)


def _sentence(rule: RuleResult, measurement: Measurement, decided: bool, report: Report) -> str:
    """Return what was measured of a group, where that is against the limit, and what became of the rule."""
    rest = describe({key: value for key, value in measurement.where.items() if key not in _OF_GROUP})
    value = with_interval(measurement.value, measurement.ci)
    at = place(measurement, rule.limit)
    rows = f"n {count(rows_of(measurement))}" if decided else rows_in_words(measurement, report.data.groups)
    parts = [f"{name(rule.metric)}{f' ({name(rest)})' if rest else ''}: {value}", rows]
    if at:
        parts.append(at.words)
    outcome = _outcome(rule, at) if decided else "was not decided on it, since it has too few rows"
    return f"{', '.join(parts)}; the rule {name(rule.id)} ({in_words(rule.limit)}) {outcome}."


def _outcome(rule: RuleResult, at: Place | None) -> str:
    """Return what became of the rule; that others decided it is said where this group's value does not show it."""
    explains = at is None or at.side in _SIDES.get(rule.status, (at.side,))
    return _STATUS[rule.status] + ("" if explains or len(rule.measurements) == 1 else " as a whole")
