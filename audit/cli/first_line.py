"""The first line of a decision: the verdict, what decided it, and the first number behind it."""

from audit.formats.rule_text import ranked
from audit.formats.text.margins import in_words
from audit.formats.text.measurement_text import measurement_text
from audit.formats.text.safe_text import dotted, elide, width
from audit.result import Decision, Report

MAX_COLUMNS = 120
"""The width of the line: that of a title or of one line in a pull request's comment."""

_MIN_COLUMNS = 20
"""The least that tells one rule's name from another's."""


def first_line(decision: Decision | Report) -> str:
    """Return a line that says the verdict by itself, such as in a pull request; names are cleaned and shortened."""
    line = f"{decision.verdict.upper()}: {_name(decision.reason, MAX_COLUMNS - 20)}"
    decisive = next((rule for rule in decision.rules if rule.status == decision.verdict), None)
    if decisive is None or decision.verdict == "pass":
        return line
    nearest = ranked(decisive)[:1]
    value = f" is {measurement_text(nearest[0][0]).value}" if nearest else ""
    end = f"{value}, limit {in_words(decisive.limit)}"
    room = MAX_COLUMNS - width(line) - len(end) - 2
    return f"{line}; {_name(decisive.id, room)}{end}" if room >= _MIN_COLUMNS else line


def _name(text: str, columns: int) -> str:
    return elide(dotted(text), columns)
