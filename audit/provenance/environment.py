"""The versions that an audit's numbers depend on."""

from __future__ import annotations

import platform
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
