"""What a report says of how many audits of its rows were made."""

from __future__ import annotations

from collections.abc import Mapping

from audit.result import Report


def counted(report: Report) -> int | None:
    """Return how many different audits of its rows had been made with this one, as its ``run`` says."""
    facts = report.run.get("history")
    audits = facts.get("audits") if isinstance(facts, Mapping) else None
    return audits if isinstance(audits, int) and not isinstance(audits, bool) and audits > 0 else None


def in_words(report: Report) -> str:
    """Return which candidate on these rows this is, or why nobody knows; empty where it was not counted."""
    facts = report.run.get("history")
    if not isinstance(facts, Mapping):
        return ""
    damaged = facts.get("damaged_lines")
    beside = f"; {damaged} damaged lines of the history were passed over" if damaged else ""
    audits, candidate = counted(report), facts.get("candidates")
    if audits is None or not isinstance(candidate, int):
        return f"how many audits of these rows were made is not known: {facts.get('problem')}"
    return f"this is the {_th(candidate)} candidate audited on these rows, in the {_th(audits)} audit of them{beside}"


def _th(number: int) -> str:
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
