"""The first line of a decision: the verdict, what decided it, and the first number behind it."""

from collections.abc import Mapping, Sequence

from audit.formats.rule_text import ranked
from audit.formats.text.headline import headline
from audit.formats.text.margins import in_words
from audit.formats.text.measurement_text import measurement_text
from audit.formats.text.safe_text import dotted, elide, width
from audit.numbers import written
from audit.result import CheckResult, Decision, Report, RuleResult

MAX_COLUMNS = 120
"""The width of the line: that of a title or of one line in a pull request's comment."""

_MIN_COLUMNS = 20
"""The least that tells one rule's name from another's."""


def first_line(decision: Decision | Report, checks: Sequence[CheckResult]) -> str:
    """Return a line that says the verdict by itself, such as in a pull request; names are cleaned and shortened.

    It begins as `summary.md` does; ``checks`` are those that were decided on.
    """
    line = headline(decision, checks)
    decisive = next((rule for rule in decision.rules if rule.status == decision.verdict), None)
    if decisive is None or decision.verdict == "pass":
        return line
    end = f"{_value(decisive)}, limit {_limit(decisive.limit)}"
    room = MAX_COLUMNS - width(line) - len(end) - 2
    return f"{line}; {elide(dotted(decisive.id), room)}{end}" if room >= _MIN_COLUMNS else line


def _value(rule: RuleResult) -> str:
    """Return the value that decided, or the interval of an undecided rule, whose value may lie inside its limit."""
    nearest = ranked(rule)[:1]
    if not nearest:
        return ""
    text = measurement_text(nearest[0][0])
    return f" is {text.ci if rule.status == 'inconclusive' and text.ci else text.value}"


def _limit(limit: Mapping[str, float]) -> str:
    """Return a limit in words, with both ends as a range."""
    if limit.keys() == {"at_least", "at_most"}:
        return f"{written(limit['at_least'])} to {written(limit['at_most'])}"
    return in_words(limit)
