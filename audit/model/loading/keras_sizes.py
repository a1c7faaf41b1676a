"""Sizes that a file of Keras claims for its parts: more than the file explains would fill memory or disk."""

import zipfile
from pathlib import Path
from typing import Any

from audit.errors import AuditError

_FREE_BYTES = 2**26  # that a part may have whatever the file's size
_MAX_RATIO = 100  # of a part's bytes to those of the file: weights are hardly compressible


def require_bounded_members(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse an archive whose members are larger unpacked than the file explains.

    Raises:
        AuditError: they are.
    """
    largest = max(archive.infolist(), key=lambda member: member.file_size, default=None)
    total = sum(member.file_size for member in archive.infolist())
    if largest is not None and total > _limit(path):
        raise _too_large(path, f"its member {largest.filename[:80]!r}", largest.file_size)


def require_bounded_datasets(path: Path, file: Any) -> None:
    """Refuse an HDF5 file whose datasets claim more numbers than the file explains.

    Raises:
        AuditError: they do.
    """
    import h5py

    sizes: dict[str, int] = {}

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            sizes[name] = int(item.size or 0) * item.dtype.itemsize

    file.visititems(add)
    if sum(sizes.values()) > _limit(path):
        largest = max(sizes, key=sizes.__getitem__)
        raise _too_large(path, f"its weights {largest[:80]!r}", sizes[largest])


def _limit(path: Path) -> int:
    return _FREE_BYTES + _MAX_RATIO * path.stat().st_size


def _too_large(path: Path, part: str, size: int) -> AuditError:
    return AuditError(
        where=str(path),
        expected=f"parts that unpack to at most {_MAX_RATIO} times the file",
        found=f"{part} of {size:,} bytes, in a file of {path.stat().st_size:,}",
        fix="save the model again with model.save('NAME.keras')",
    )
