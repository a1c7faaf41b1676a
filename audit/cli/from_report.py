"""`audit gate` and `audit report`: decide or render again from a report, without the model."""

from pathlib import Path

import audit
from audit.cli.exit_codes import VERDICTS
from audit.cli.run import parse_date
from audit.cli.summary import plain, summary
from audit.formats.html.page import render_html
from audit.formats.json import read_report
from audit.formats.writing import write_whole


def gate(report: Path, policy: Path | None, date: str | None, quiet: bool) -> int:
    """Print the decision and return the verdict's exit code."""
    decision = audit.decide(read_report(report), policy, on=parse_date(date))
    if not quiet:
        print("\n".join(summary(decision)))
    return VERDICTS[decision.verdict]


def render(report: Path, out: Path | None) -> int:
    """Write report.html into ``out``, by default the directory of the JSON."""
    files = write_whole(out or report.parent, {"report.html": render_html(read_report(report))})
    print(f"Report: {plain(files[-1], 500)}")
    return 0
