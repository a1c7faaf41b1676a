"""Models that tests build, kept between tests, workers and runs: each is built once."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """Return where models are kept: ``AUDIT_TEST_CACHE``, or a folder in the checkout that git ignores."""
    return Path(os.environ.get("AUDIT_TEST_CACHE", ROOT / ".cache" / "models"))


@cache
def key(*sources: Path) -> str:
    """Return what a model depends on, shortened: the code that builds it, and the libraries that write it."""
    digest = hashlib.sha256(f"tensorflow {version('tensorflow')}, keras {version('keras')}".encode())
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]


def built(name: str, build: Callable[[Path], object], *sources: Path) -> Path:
    """Return the path of a model that ``build`` has written; ``sources`` are the files of code that it depends on.

    Two workers that ask at once wait for one another. A build that is killed leaves nothing that a later one takes for
    a model. Nobody may write to what is returned: copy it.
    """
    place = folder() / f"{Path(name).stem}-{key(*sources)}"
    found = place / name
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / "lock"):
        if not found.exists():
            half = place / f"half-{name}"
            _remove(half)
            build(half)
            half.rename(found)
    return found


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
