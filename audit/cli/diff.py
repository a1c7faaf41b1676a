"""`audit diff`: what changed between two reports, on stdout."""

import sys
from importlib import import_module
from pathlib import Path

from audit.conclusion.stored import require_measured, verified
from audit.diff.comparison import compare
from audit.errors import AuditError
from audit.formats.json import read_report
from audit.result import Report


def diff(old: Path, new: Path, form: str) -> int:
    """Print the difference between two reports in a form: markdown, html or json.

    Raises:
        AuditError: one is no report of this version, or its verdict or intervals do not follow from its measurements.
    """
    difference = compare(_verified(old), _verified(new))
    _write(import_module(f"audit.diff.{form}").render(difference))
    return 0


def _write(text: str) -> None:
    """Write a document to stdout as UTF-8, in whatever encoding a terminal prints."""
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:  # replaced by a program that calls this
        print(text, end="")
        return
    sys.stdout.flush()
    stream.write(text.encode("utf-8", "backslashreplace"))


def _verified(path: Path) -> Report:
    """Return the report at ``path`` with the decision that follows from its measurements."""
    report = read_report(path)
    try:
        return verified(require_measured(report))
    except AuditError as error:
        raise error.within(str(path)) from None
