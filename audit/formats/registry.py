"""The report formats: the views of `report.json`, each a function of the report in a file of its own."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import NamedTuple

from audit.errors import AuditError, did_you_mean
from audit.result import Report

Render = Callable[[Report], str]


class Format(NamedTuple):
    """A view of a report: the name of its file, and the function that renders a report as its text.

    ``mark`` is a pattern that every such text begins with, for a name that other programs give their files as well;
    empty if the name is ours alone.
    """

    file: str
    render: Render
    mark: str = ""


def _in(module: str, function: str = "render") -> Render:
    """Return a function of a module of `audit.formats` that is imported when it is called: few runs need all."""
    return lambda report: str(getattr(import_module(f"audit.formats.{module}"), function)(report))


FORMATS: Mapping[str, Format] = {
    "html": Format("report.html", _in("html.page", "render_html")),
    "junit": Format("junit.xml", _in("junit"), r'<\?xml version="1.0"\?>\n<testsuites name="audit" '),
    "sarif": Format(
        "results.sarif",
        _in("sarif"),
        r'[^\[]*"runs": \[\s*\{\s*"tool": \{\s*"driver": \{\s*"name": "savedmodel-audit"',
    ),
    "markdown": Format("summary.md", _in("markdown.page"), r"## \S+ (PASS|FAIL|INCONCLUSIVE): "),
    # An empty list, as of a pass, may be any program's: an outdated one that is left in place is the greater harm.
    "gitlab": Format("gl-code-quality.json", _in("gitlab"), r'\[(\]\n\Z|\n \{\n  "description": )'),
    "model-card": Format(
        "model-card.cdx.json",
        _in("model_card.bom"),
        r'[^\[]*"tools": \{"components": \[\{[^}]*"savedmodel-audit"',
    ),
}
"""All formats by the names that ``--format`` and ``report.formats`` take."""


def require_formats(names: Iterable[str], where: str = "--format") -> list[str]:
    """Return the names of formats, given by ``where``, each once.

    Raises:
        AuditError: one is unknown.
    """
    for name in names:
        if name not in FORMATS:
            raise AuditError(
                where=where,
                expected=f"one of {', '.join(FORMATS)}",
                found=f"{name!r}{did_you_mean(name, FORMATS)}",
            )
    return list(dict.fromkeys(names))


def render_formats(report: Report, names: Iterable[str]) -> dict[str, str]:
    """Return the texts of the named formats by the names of their files."""
    return {FORMATS[name].file: FORMATS[name].render(report) for name in names}
