"""The Jinja environment of the page: finds the templates, and sanitizes and escapes what they print."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from audit.formats.html.text.safe_text import clean


def folder() -> Path:
    """Return the folder of the templates: inside this package once installed, else in the checkout."""
    installed = Path(__file__).parent / "templates"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "reports" / "templates"


def environment() -> Environment:
    """Return the environment: everything is escaped, and a missing name is an error."""
    return Environment(
        loader=FileSystemLoader(folder(), encoding="utf-8"),
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
