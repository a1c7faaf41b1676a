"""The report formats: the files of an audit, each rendered from the report alone."""

from collections.abc import Callable
from typing import NamedTuple

from audit.formats.html.page import render_html
from audit.formats.json import REPORT_FILE, to_json
from audit.result import Report


class Format(NamedTuple):
    """A report format: the name of its file, and the function that renders a report as its text."""

    name: str
    render: Callable[[Report], str]


FORMATS = [Format(REPORT_FILE, to_json), Format("report.html", render_html)]
"""All formats: the JSON, which is the artefact, first, and the HTML, whose path is printed, last."""
