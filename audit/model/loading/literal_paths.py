"""Loading of SavedModels from paths that TensorFlow would take for patterns, such as ``runs/lr[0.1]/model``."""

import re
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow

_OF_PATTERNS = frozenset("*?[]\\")  # reading variables, TensorFlow matches their path as a pattern
_SURROGATE = re.compile("[\ud800-\udfff]")  # of a name that is not UTF-8


def load_literally(path: Path, tags: list[str] | None) -> Any:
    """Return the loaded SavedModel at exactly ``path``, whatever characters the path holds.

    Where TensorFlow would read the path otherwise, it is given a symbolic link, which is kept as long as the loaded
    object: the paths of assets lead through it.
    """
    load = tensorflow().saved_model.load
    if _is_literal(path):
        return load(str(path), tags=tags)
    folder = _plain_folder(path)
    try:
        link = Path(folder) / "model"
        link.symlink_to(path.absolute(), target_is_directory=True)
        loaded = load(str(link), tags=tags)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(loaded, shutil.rmtree, folder, ignore_errors=True)
    return loaded


def _is_literal(path: Path | str) -> bool:
    """Return whether TensorFlow opens exactly ``path``: it holds no character of patterns and is UTF-8."""
    return _OF_PATTERNS.isdisjoint(str(path)) and not _SURROGATE.search(str(path))


def _plain_folder(path: Path) -> str:
    """Return a new temporary folder whose own path is literal."""
    for parent in (tempfile.gettempdir(), "/tmp"):
        if _is_literal(parent) and Path(parent).is_dir():
            return tempfile.mkdtemp(prefix="audit-model-", dir=parent)
    raise AuditError(
        where=str(path),
        expected=f"a path without {' '.join(sorted(_OF_PATTERNS))}, or a folder for temporary files without them",
        found=f"the temporary folder {tempfile.gettempdir()!r}",
        fix="set TMPDIR to a folder without these characters",
    )
