"""`audit new-check`: writes an installable package with a check to start from."""

import keyword
import re
import sys
import tempfile
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

from audit.check import installed
from audit.errors import AuditError
from audit.version import __version__

_FILES = {
    "pyproject.toml": "pyproject.toml.tmpl",
    "README.md": "README.md.tmpl",
    "src/{name}/__init__.py": "check.py.tmpl",
    "tests/test_{name}.py": "test.py.tmpl",
}
"""Files of the package, and the templates that they are made from."""


def new_check(name: str) -> int:
    """Write the package ``./NAME`` and say what to do next."""
    folder = Path(name)
    _require_free(name, folder)
    _write(name, folder)
    print(f"Wrote {folder}/ with {', '.join(_paths(name))}")
    print(f"Next: pip install --editable ./{name} && audit checks {name} && pytest {name}")
    return 0


def _require_free(name: str, folder: Path) -> None:
    """Raise an AuditError unless ``name`` can name a new check, a package and a directory."""
    if keyword.iskeyword(name) or name.startswith("test"):
        raise _refused(
            "a name that is no keyword of Python and does not begin with 'test', as pytest's", repr(name)
        )
    if not re.fullmatch(r"[a-z]([a-z0-9_]{0,38}[a-z0-9])?", name):
        raise _refused(
            "up to 40 lower-case letters, digits and '_', as a Python package has them", repr(name)
        )
    if folder.exists() or folder.is_symlink():
        raise _refused("a new directory", f"{name!r}, which exists")
    if name in installed():
        raise _refused(
            "a name that no installed check has", f"the check {name!r} ({installed()[name].value})"
        )
    if name in sys.stdlib_module_names:
        raise _refused("a name that no module of Python has", f"the module {name!r} of its standard library")
    if find_spec(name):
        raise _refused("a name that no installed package has", f"the package {name!r}")


def _refused(expected: str, actual: str) -> AuditError:
    return AuditError(
        where="audit new-check NAME",
        expected=expected,
        found=actual,
        fix="choose another name, such as 'abstention' or 'worst_group'",
    )


def _write(name: str, folder: Path) -> None:
    """Write all files into a directory beside ``folder``, which gets its name when it is complete."""
    class_name = "".join(part.capitalize() for part in name.split("_")) + "Check"
    # the suffix keeps the class apart from those that the module imports
    names = {"name": name, "check": class_name, "version": __version__}
    templates = files("audit.cli").joinpath("new_check_templates")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=".") as partial:
            package = Path(partial) / name
            for path, template in _paths(name).items():
                file = package / path
                file.parent.mkdir(parents=True, exist_ok=True)
                text = templates.joinpath(template).read_text("utf-8")
                file.write_text(Template(text).substitute(names), "utf-8")
            package.rename(folder)
    except OSError as error:
        raise AuditError(
            where=str(folder.absolute()),
            expected="a directory that can be written",
            found=str(error.strerror or error),
            fix="change into another directory",
        ) from error


def _paths(name: str) -> dict[str, str]:
    return {path.format(name=name): template for path, template in _FILES.items()}
