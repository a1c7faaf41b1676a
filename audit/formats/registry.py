"""The files that a run leaves: the JSON, and what is rendered from it alone."""

from __future__ import annotations

from pathlib import Path

from audit.formats.html.page import render_html
from audit.formats.json import to_json
from audit.formats.writing import write_whole
from audit.result import Report


def write_reports(report: Report, folder: Path) -> list[Path]:
    """Write every format of ``report`` into ``folder``, all or none, and return the files, the HTML last."""
    return write_whole(folder, {"report.json": to_json(report), "report.html": render_html(report)})
