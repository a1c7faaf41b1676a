"""Import of the Python packages whose custom operations a graph needs (``model.import``)."""

import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib import import_module

from audit.errors import AuditError
from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import registered_operations
from audit.model.loading.load_errors import error_line


def import_operations(packages: Sequence[str]) -> frozenset[str]:
    """Import ``packages`` and return the types of the operations that they registered.

    Raises:
        AuditError: a package cannot be imported.
    """
    return frozenset().union(*map(_import, packages))


@cache
def _import(package: str) -> frozenset[str]:
    """Return what the registry holds after the import and not before."""
    before = _own_operations() if package in sys.modules else registered_operations()
    try:
        with quiet():
            import_module(package)
    except Exception as error:  # whatever the package's own code raises
        raise AuditError(
            where="model.import",
            expected=f"a Python package that can be imported here: {package!r}",
            found=error_line(error),
            fix="install it beside this tool, or correct the name in model.import",
        ) from error
    return frozenset(name for name in registered_operations() - before if not name.startswith("_"))


def _own_operations() -> frozenset[str]:
    """Return TensorFlow's own operations, as a process has them that imported nothing else."""
    module = registered_operations.__module__
    code = f"from {module} import registered_operations as names; print(*names())"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    return frozenset(output.split())
