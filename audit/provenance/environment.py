"""The versions that an audit's numbers depend on, and the command line that repeats it."""

import platform
import shlex
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version

from audit.result import Scalar

_PACKAGES = ("tensorflow", "keras", "shap", "aif360", "cleverhans", "numpy", "pandas", "scipy", "pyarrow")


def environment(seed: int, date: str) -> dict[str, Scalar]:
    """Return versions, machine type, seed and date for the report."""
    from audit.version import __version__

    return {
        "audit": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        **{name: version(name) for name in _PACKAGES},
        "seed": seed,
        "date": date,
    }


def command(
    policy: str | None,
    *,
    seed: int,
    on: date,
    only: Sequence[str] = (),
    overrides: Sequence[str] = (),
    instead: Sequence[str] = (),
) -> str:
    """Return an `audit run` line, quoted for a POSIX shell.

    ``instead`` are the options that replace a policy file; without either the line is empty.
    """
    if policy is None and not instead:
        return ""
    words = ["audit", "run", *([policy] if policy is not None else instead)]
    for option, values in (("--set", overrides), ("--only", only)):
        for value in values:
            words += [option, value]
    return shlex.join([*words, "--seed", str(seed), "--date", on.isoformat()])
