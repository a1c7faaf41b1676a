"""What a verdict is about: the digests of model, data and policy, and the date that waivers were judged by."""

from collections.abc import Iterator
from datetime import date

from audit.cli.plain_text import plain
from audit.policy.gate_spec import today
from audit.result import Report


def digests(report: Report) -> Iterator[str]:
    """Yield a line for each digest that a passing verdict is bound to."""
    named: list[tuple[str, str, str | None]] = [("model", report.model.digest, report.model.path)]
    if report.baseline:
        named.append(("baseline", report.baseline.digest, report.baseline.path))
    named.append(("data", report.data.digest, report.data.path))
    if background := report.data.background:
        named.append(("background", background.digest, background.path))
    named.append(("policy", report.policy.digest, report.policy.path))
    for name, digest, path in named:
        yield f"  {name:10} {plain(digest, 80)}  {plain(path or 'not from a file', 300)}"


def date_note(on: date) -> Iterator[str]:
    """Yield a line on the date that waivers were judged by, unless it is today (UTC)."""
    if on != today():
        yield f"  note    waivers are judged as of {on}; today (UTC) is {today()}"
