"""Files as Arrow reads them, under whatever name: Arrow takes text for UTF-8, which names of files need not be."""

import os
from pathlib import Path

import pyarrow as pa


def open_arrow_file(file: Path) -> pa.NativeFile:
    """Return a file that is open for reading."""
    return pa.OSFile(os.fsencode(file))
