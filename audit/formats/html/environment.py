"""The environment of the HTML templates: everything is escaped, and long names are numbered."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from audit.formats.rule_text import sentence
from audit.formats.text.catalogue import words
from audit.formats.text.safe_text import clean, elide
from audit.numbers import count, number

_SHEETS = ("report.css", "sections.css")
_SCRIPT = "page.js"
_FUNCTIONS = {"words": words, "sentence": sentence, "number": number, "count": count}
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


@cache
def environment() -> Environment:
    """Return the environment: everything is escaped, missing names are errors, templates may call `_FUNCTIONS`.

    It is the same at each call, so that a template is compiled once in a process.
    """
    templates = Environment(
        loader=FileSystemLoader(_templates(), encoding="utf-8"),
        # Not select_autoescape: it goes by the end of the name and leaves *.html.j2 unescaped.
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_sanitized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals |= _FUNCTIONS
    return templates


def compile_templates() -> None:
    """Compile every template, so that a page that is rendered later has nothing to wait for."""
    templates = environment()
    for name in templates.list_templates(extensions=["j2"]):
        templates.get_template(name)


def style() -> Markup:
    """Return the style sheets: the only text that is not escaped, since it is our own file and not a report's."""
    return Markup("".join((_templates() / sheet).read_text("utf-8") for sheet in _SHEETS))


def script() -> Markup:
    """Return the page's script: like the style sheets our own file, without escapes."""
    return Markup((_templates() / _SCRIPT).read_text("utf-8"))


def script_hash() -> str:
    """Return the hash by which the page's Content-Security-Policy allows `script`, and no other."""
    content = f"\n{script()}".encode()
    return f"sha256-{b64encode(sha256(content).digest()).decode()}"


def _templates() -> Path:
    """Return the folder of the templates: inside this package once installed, else in the checkout."""
    installed = Path(__file__).parent / "templates"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "reports" / "templates"


def _sanitized(value: object) -> object:
    # Markup is what our own macros made, from parts that came through here before.
    return clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
