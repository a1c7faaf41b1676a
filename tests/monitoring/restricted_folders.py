"""Directories that lack room or rights."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, kibibytes: int = 300) -> Iterator[Path]:
    """Yield the directory of a disk of its own; where that is not permitted, the test is skipped."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("no disk can be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@contextmanager
def filled(disk: Path, spare_pages: int = 0) -> Iterator[None]:
    """Context in which a disk has room for so many pages of 4 KiB."""
    ballast = disk / "ballast"
    with open(ballast, "wb", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(bytes(4096))
    os.truncate(ballast, max(0, ballast.stat().st_size - 4096 * spare_pages))
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def without_rights() -> Iterator[Path]:
    """Yield a directory that anybody may read, and become a user who may change nothing in it once it is read-only."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        try:
            yield Path(name)
        finally:
            for entry in [Path(name), *Path(name).rglob("*")]:
                entry.chmod(0o755)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Context in which this process has no rights of root."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
