"""The HTML report: one file without network access or scripts, rendered from the report alone."""

import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from audit.audit_log.audit_count import audit_number_in_words
from audit.formats.html.checks import check_views
from audit.formats.html.rules import rule_views
from audit.formats.html.verdict import verdict_view
from audit.formats.text.metric_facts import confidence
from audit.formats.text.numbers import count, number
from audit.formats.text.safe_text import clean, elide
from audit.result import Report

_SHEETS = ("report.css", "sections.css")
_MAX_NAME_COLUMNS = 96


class Names:
    """Register of the names too long to repeat on the page, numbered in the order of their first use."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def short(self, name: object) -> str:
        """Return the name, with its middle cut out if it is long."""
        return elide(str(name), _MAX_NAME_COLUMNS)

    def number(self, name: object) -> int | None:
        """Return the number of the full name, or None if it is short enough to be shown in full."""
        if self.short(name) == clean(str(name)):
            return None
        return self._numbers.setdefault(str(name), len(self._numbers) + 1)

    def directed(self, name: object) -> bool:
        """Return whether the name may run from right to left, and so must be isolated from its surroundings."""
        return not str(name).isascii()

    @property
    def long(self) -> dict[int, str]:
        """The full names by number."""
        return {number: name for name, number in self._numbers.items()}


def render_html(report: Report) -> str:
    """Return ``report`` as the text of an HTML page; equal reports give equal pages.

    The contents of ``report.run`` are in the element ``<section id="run">`` and nowhere else. Text from
    the report is shown as text: markup, template syntax, control and direction characters included.
    """
    templates = _templates()
    rules = rule_views(report)
    template = _environment(templates).get_template("report.html.j2")
    page = template.render(
        report=report,
        # The only text that is not escaped: it is our own file, not the report's.
        style=Markup("".join((templates / sheet).read_text("utf-8") for sheet in _SHEETS)),
        rules=rules,
        verdict=verdict_view(report, rules),
        checks=check_views(report),
        policy=json.dumps(report.policy.effective, indent=2, ensure_ascii=False, default=str),
        confidence=confidence(report),
        history=audit_number_in_words(report),
        names=Names(),
        number=number,
        count=count,
    )
    return page.rstrip() + "\n"


def _templates() -> Path:
    """Return the folder of the templates: inside this package once installed, else in the checkout."""
    installed = Path(__file__).parent / "templates"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "reports" / "templates"


def _environment(templates: Path) -> Environment:
    """Return the environment: everything is escaped, and a missing name is an error."""
    return Environment(
        loader=FileSystemLoader(templates, encoding="utf-8"),
        # Not select_autoescape: it goes by the end of the name and leaves *.html.j2 unescaped.
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_sanitized,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _sanitized(value: object) -> object:
    # Markup is what our own macros made, from parts that came through here before.
    return clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
