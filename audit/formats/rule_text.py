"""The outcome of a rule in sentences with its numbers: the same words in every format."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from audit.formats.small_groups import rows_in_words
from audit.formats.text import margins
from audit.formats.text.safe_text import clean, elide
from audit.formats.text.where_labels import describe, rows_of
from audit.numbers import count, with_interval
from audit.result import MAX_AUDITS, GroupFacts, Measurement, RuleResult, RuleStatus
from audit.result.small_groups import where_in_words

PlacedMeasurements = list[tuple[Measurement, margins.Place | None]]

SEVERITY: tuple[RuleStatus, ...] = ("fail", "inconclusive", "waived", "pass")
"""The statuses of a rule in the order in which rules are shown."""

MAX_LINES = 12
"""Most lines of measurements that a format without a fold repeats of one rule."""

MAX_REASON = 600
"""Most columns of a reason that a sentence repeats."""

UNDECIDED = "not decided: "
"""What the status of an undecided rule says already, before its reason."""

_MAX_LABEL = 96
_WOULD = {
    "fail": "fail",
    "inconclusive": "be undecided",
    "pass": "hold",
    "waived": "be waived",
    None: "not hold",
}


def by_place(measurements: Iterable[Measurement], rule: RuleResult) -> PlacedMeasurements:
    """Return measurements with their places against the rule's limit, furthest outside first."""
    place = margins.placer(rule.limit)
    pairs = [(m, place(m)) for m in measurements]
    return sorted(pairs, key=lambda pair: pair[1].order if pair[1] else (0, 0.0))


def ranked(rule: RuleResult) -> PlacedMeasurements:
    """Return the measurements that decided the rule, each with its place, furthest outside the limit first.

    A count of audits has no place on an axis, and the rule's reason says all of it: then there is none.
    """
    return [] if rule.id == MAX_AUDITS else by_place(rule.measurements, rule)


def measurement_lines(
    rule: RuleResult, groups: Sequence[GroupFacts], max_lines: int = MAX_LINES
) -> Iterator[str]:
    """Yield a line for each measurement of a rule, furthest outside first, then for those left out as too small.

    The latter have all of their rows besides, which ``groups`` of the data say. Beyond ``max_lines`` of either, a last
    line has the number of the others.
    """
    yield from _lines(ranked(rule), _rows, max_lines)
    for line in _lines(by_place(rule.not_decided, rule), partial(rows_in_words, groups=groups), max_lines):
        yield f"left out by gate.min_rows: {line}"


def waiver(rule: RuleResult) -> str:
    """Return who waived a rule, until when and why, and its outcome without that; empty if it is not waived."""
    if not rule.waiver:
        return ""
    terms = {key: elide(str(value), MAX_REASON) for key, value in rule.waiver.items()}
    until = f"waived by {terms.get('owner')} until {terms.get('expires')}"
    return f"{until}: {_ended(terms.get('reason', ''))} Without the waiver it would {_WOULD[rule.would_be]}"


def sentence(text: str) -> str:
    """Return ``text`` on one line with a capital, unless it begins with a name, and a full stop."""
    line = one_line(text)
    name = "." in line.partition(" ")[0]
    return _ended(line if name else line[:1].upper() + line[1:])


def one_line(text: str) -> str:
    """Return ``text``, cleaned, with one space for each run of spaces and line breaks."""
    return " ".join(clean(text).split())


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _lines(measured: PlacedMeasurements, rows: Callable[[Measurement], str], max_lines: int) -> Iterator[str]:
    for measurement, place in measured[:max_lines]:
        label = elide(describe(where_in_words(measurement)) or "all rows", _MAX_LABEL)
        value = with_interval(measurement.value, measurement.ci)
        yield one_line(", ".join([f"{label}: {value}", rows(measurement), *([place.words] if place else [])]))
    if len(measured) > max_lines:
        yield f"and {len(measured) - max_lines:,} more, in report.json"


def _rows(measurement: Measurement) -> str:
    return f"n {count(rows_of(measurement))}"
