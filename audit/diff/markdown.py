"""The difference between two reports as Markdown, for a terminal or a comment on a pull request."""

from collections.abc import Iterable, Iterator, Sequence

from audit.diff import words
from audit.diff.records import AuditSummary, MeasurementChange, ReportDiff
from audit.formats.text.markdown_text import code, prose, table_row
from audit.formats.text.where_labels import rows_of
from audit.numbers import count, number

_MAX_ROWS = 50


def render(diff: ReportDiff) -> str:
    """Return the difference as CommonMark with tables (GFM); text from the reports is shown as text."""
    return "\n".join(_lines(diff)).rstrip() + "\n"


def _lines(diff: ReportDiff) -> Iterator[str]:
    yield f"# {words.headline(diff)}"
    yield ""
    for side, audit in (("Old", diff.old), ("New", diff.new)):
        yield from ((f"{side}: {prose(audit.superseded)}", "") if audit.superseded else ())
    if diff.is_empty:
        yield "The two reports do not differ."
        return
    yield from ((words.policy_tally(diff), "") if diff.policy else ())
    yield from _audits(diff.old, diff.new)
    yield from _rules(diff)
    yield from _measurements(diff)
    yield from _attributions(diff.attributions)
    yield from _presence(diff)
    yield from _warnings(diff)
    yield from _policy(diff)
    yield from _facts(diff)


def _audits(old: AuditSummary, new: AuditSummary) -> Iterator[str]:
    rows = [
        ("Verdict", old.verdict.upper(), new.verdict.upper()),
        ("Why", prose(old.reason), prose(new.reason)),
        ("Model", code(old.model), code(new.model)),
        ("Data", code(old.data), code(new.data)),
        ("Rows", count(old.rows), count(new.rows)),
        ("Date", code(words.setting(old.date)), code(words.setting(new.date))),
        ("Seed", code(words.setting(old.seed)), code(words.setting(new.seed))),
    ]
    yield from _table(("", "Old", "New"), rows)


def _rules(diff: ReportDiff) -> Iterator[str]:
    if not diff.rules:
        return
    yield from _heading("Rules")
    rows = [
        (
            code(change.id),
            words.status(change, "old"),
            words.status(change, "new"),
            prose(words.limit(change)),
            prose(change.reason),
        )
        for change in diff.rules
    ]
    yield from _table(("Rule", "Old", "New", "Limit", "Reason"), rows)


def _measurements(diff: ReportDiff) -> Iterator[str]:
    yield from _heading("Measurements")
    yield from (words.tally(diff), "")
    if list(diff.changes):
        yield from (" ".join(part for part in (diff.basis, words.method(diff)) if part), "")
    yield from _changes(words.named(diff.measurements))
    unknown = words.open_changes(diff.changes)
    if unknown:
        yield from ("Changed, but whether by more than chance is not known:", "")
        rows = [
            (code(words.measured(c)), number(c.old.value), number(c.new.value), c.reason) for c in unknown
        ]
        yield from _table(("Measurement", "Old", "New", "Why"), rows)


def _attributions(changes: Sequence[MeasurementChange]) -> Iterator[str]:
    named = words.named(changes)
    within = words.largest_by_chance(changes)
    if named or within:
        yield from _heading("Attributions")
    yield from _changes(named)
    if within:
        yield from ("Largest changes of a feature's share within chance:", "")
        yield from _changes(within)


def _changes(changes: Sequence[MeasurementChange]) -> Iterator[str]:
    rows = [
        (
            code(words.measured(change)),
            number(change.old.value),
            number(change.new.value),
            words.step(change),
            words.direction(change),
            count(rows_of(change.old)),
            count(rows_of(change.new)),
        )
        for change in changes
    ]
    heads = ("Measurement", "Old", "New", "Change (interval)", "Direction", "n old", "n new")
    yield from _table(heads, rows)


def _presence(diff: ReportDiff) -> Iterator[str]:
    if not diff.presence:
        return
    yield from _heading("Added and removed")
    rows = [(item.side, item.kind, code(item.name)) for item in diff.presence]
    yield from _table(("", "What", "Name"), rows)


def _warnings(diff: ReportDiff) -> Iterator[str]:
    if not diff.warnings:
        return
    yield from _heading("Warnings")
    rows = [(item.side, prose(item.text)) for item in diff.warnings]
    yield from _table(("", "Warning"), rows)


def _policy(diff: ReportDiff) -> Iterator[str]:
    if not diff.policy:
        return
    yield from _heading("Policy")
    rows = [
        (
            words.effect(change),
            code(words.place(change)),
            code(words.demand(change, change.old)),
            code(words.demand(change, change.new)),
        )
        for change in words.by_effect(diff.policy)
    ]
    yield from _table(("Effect", "What", "Old", "New"), rows)


def _facts(diff: ReportDiff) -> Iterator[str]:
    if not diff.facts:
        return
    yield from _heading("Model, data, versions")
    rows = [
        (code(words.fact(change)), code(words.setting(change.old)), code(words.setting(change.new)))
        for change in diff.facts
    ]
    yield from _table(("What", "Old", "New"), rows)


def _heading(text: str) -> Iterator[str]:
    yield from (f"## {text}", "")


def _table(heads: Sequence[str], rows: Sequence[Iterable[str]]) -> Iterator[str]:
    """Yield a table of at most `_MAX_ROWS` rows, whose cells are Markdown; nothing without rows."""
    if not rows:
        return
    yield table_row(*heads)
    yield "|" + " --- |" * len(heads)
    yield from (table_row(*row) for row in rows[:_MAX_ROWS])
    yield ""
    if len(rows) > _MAX_ROWS:
        yield from (f"… and {count(len(rows) - _MAX_ROWS)} more, which `--format json` lists.", "")
