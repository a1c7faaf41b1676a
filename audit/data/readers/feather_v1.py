"""Feather files of version 1: Arrow does not check their offsets, and a damaged one may end the process."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc

from audit.errors import AuditError

_SIGNATURE = b"FEA1"
_CONVERT = """
import sys, pyarrow
from pyarrow import feather, ipc

table = feather.read_table(pyarrow.BufferReader(sys.stdin.buffer.read()))
table.validate(full=True)
with ipc.new_stream(sys.stdout.buffer, table.schema) as writer:
    writer.write_table(table)
"""


def is_version_1(file: Path) -> bool:
    """Return whether a file begins as one of version 1."""
    with file.open("rb") as stream:
        return stream.read(len(_SIGNATURE)) == _SIGNATURE


def read_version_1(file: Path) -> pa.Table:
    """Return the whole table, which another process reads and checks.

    Raises:
        AuditError: that process failed, or was ended by the damage.
    """
    with file.open("rb") as stream:
        done = subprocess.run(
            [sys.executable, "-c", _CONVERT], check=False, stdin=stream, capture_output=True
        )
    if done.returncode:
        raise AuditError(
            where=str(file),
            expected="a whole Feather file",
            found="one of version 1 that Arrow cannot read",
            fix="export the table again, as version 2",
        )
    return ipc.open_stream(pa.BufferReader(done.stdout)).read_all()
