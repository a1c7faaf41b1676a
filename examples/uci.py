"""Fetches files of the UCI Machine Learning Repository and checks that they are the expected ones."""

from __future__ import annotations

import hashlib
import os
import urllib.request
from collections.abc import Mapping
from pathlib import Path

ARCHIVE = "https://archive.ics.uci.edu/ml/machine-learning-databases"


def fetch(folder: str, digests: Mapping[str, str], data_dir: Path | None, cache: Path) -> dict[str, Path]:
    """Return where each file lies, by name: in ``data_dir``, or downloaded once into ``cache``.

    Args:
        folder: of the archive, such as ``adult``.
        digests: the SHA-256 in hex of each file, by name.
        data_dir: a directory that holds the files already; None downloads them.
        cache: where downloads are kept.

    Raises:
        SystemExit: a file is missing, cannot be downloaded or is not the expected one.
    """
    files = {name: (data_dir or cache) / name for name in digests}
    for name, file in files.items():
        if data_dir is None and not file.exists():
            _download(f"{ARCHIVE}/{folder}/{name}", file, digests[name])
        elif not file.is_file():
            raise SystemExit(f"{file}: no such file; leave --data-dir out to download it")
        _check(file.read_bytes(), digests[name], str(file))
    return files


def _check(content: bytes, expected: str, where: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise SystemExit(f"{where}\n  expected: sha256:{expected}\n  found:    sha256:{found}")


def _download(url: str, file: Path, expected: str) -> None:
    """Check, write to a temporary file, rename: what stands in the cache is complete and expected."""
    try:
        with urllib.request.urlopen(url, timeout=60) as source:
            content = source.read()
    except OSError as error:
        raise SystemExit(f"{url}: cannot be downloaded ({error}); fetch it and use --data-dir") from None
    _check(content, expected, url)
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f"{file.name}.{os.getpid()}.part")
    temporary.write_bytes(content)
    temporary.replace(file)
