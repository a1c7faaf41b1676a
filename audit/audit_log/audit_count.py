"""The number of audits of the same rows, from the ``run`` section of a report."""

from collections.abc import Mapping

from audit.result import Report


def audit_number(report: Report) -> int | None:
    """Return the number of different audits of a report's rows, its own included; None if it is unknown."""
    facts = report.run.get("history")
    audits = facts.get("audits") if isinstance(facts, Mapping) else None
    return audits if isinstance(audits, int) and not isinstance(audits, bool) and audits > 0 else None


def audit_number_in_words(report: Report) -> str:
    """Return in words which candidate on these rows this is, or why it is unknown; empty if it was not counted."""
    facts = report.run.get("history")
    if not isinstance(facts, Mapping):
        return ""
    audits = audit_number(report)
    candidate = facts.get("candidates")
    if audits is None or not isinstance(candidate, int):
        return f"the number of audits of these rows is unknown: {facts.get('problem')}"
    place = f"the {_ordinal(candidate)} candidate audited on these rows"
    damaged = facts.get("damaged_lines")
    skipped = f"; {damaged} damaged lines of the history were skipped" if damaged else ""
    return f"this is {place}, in the {_ordinal(audits)} audit of them{skipped}"


def _ordinal(number: int) -> str:
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
