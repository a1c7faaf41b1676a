"""`audit gate` and `audit report`: decide or render again from a report, without the model."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import audit
from audit.cli.colour import of_stdout
from audit.cli.exit_codes import VERDICTS
from audit.cli.identity import date_note, digests
from audit.cli.json_summary import json_summary
from audit.cli.plain_text import plain
from audit.cli.run import parse_date
from audit.cli.summary import summary
from audit.conclusion.stored import contradicted, decide_again, require_measured, superseded, verified
from audit.formats.json import read_report
from audit.formats.registry import render_formats, require_formats
from audit.formats.writing import DEFAULT_FORMATS, write_whole
from audit.result import Report


def gate(
    report: Path, policy: Path | None, date: str | None, *, as_json: bool, quiet: bool, verbose: bool
) -> int:
    """Print the decision and return the verdict's exit code."""
    stored = read_report(report)
    on = parse_date(date)
    decision = audit.decide(stored, policy, on=on)
    # whatever is printed: a report that is refused has no exit code of a verdict
    notes = dict(_on_stored(stored))
    if as_json:
        print(json_summary(decision, stored, [report], notes))
    elif not quiet:
        about = digests(stored) if decision.verdict == "pass" or verbose else ()
        lines = summary(decision, stored, of_stdout(), verbose)
        print("\n".join([*lines, *date_note(on), *_lines(notes), *about]))
    return VERDICTS[decision.verdict]


def _on_stored(report: Report) -> Iterator[tuple[str, str]]:
    """Yield what there is to say about the verdict that the report itself holds, each with its kind."""
    if text := superseded(report, decide_again(report)):
        yield text, "note"
    if text := contradicted(report):
        yield text, "warning"


def _lines(notes: Mapping[str, str]) -> Iterator[str]:
    for text, kind in notes.items():
        yield f"  {kind:7} {plain(text, 500)}"


def render(report: Path, formats: Sequence[str], out: Path | None) -> int:
    """Write a report's views into ``out``, by default the directory of the JSON, if its verdict follows from it."""
    names = require_formats(formats or DEFAULT_FORMATS)
    views = render_formats(verified(require_measured(read_report(report))), names)
    folder = out or (report if report.is_dir() else report.parent)
    for file in write_whole(folder, views):
        print(f"Report: {plain(file, 500)}")
    return 0
