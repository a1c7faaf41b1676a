"""Which exceptions the machine causes, and which are faults of the tool."""

from __future__ import annotations

import errno

import numpy as np
import pyarrow as pa
import pytest

from audit.data.source import reading
from audit.errors import AuditError
from audit.machine_errors import machine_error

UNUSABLE = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room on the disk",
    errno.EACCES: "check the path and its permissions",
    errno.ENAMETOOLONG: "check the path and its permissions",
    errno.EROFS: "check the path and its permissions",
    errno.EEXIST: "check the path and its permissions",
}


@pytest.mark.parametrize(("number", "fix"), UNUSABLE.items())
def test_a_path_that_cannot_be_used(number: int, fix: str) -> None:
    error = machine_error(OSError(number, "why", "some/path"))
    assert error and (error.where, error.found, error.fix) == ("some/path", "why", fix)


class ResourceExhaustedError(Exception):
    """As TensorFlow's, which is no MemoryError."""


def allocation() -> BaseException:
    with pytest.raises(MemoryError) as error:
        np.empty(2**59)
    return error.value


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (MemoryError(), "MemoryError: an allocation failed"),
        (allocation(), "MemoryError: Unable to allocate"),
        (pa.ArrowMemoryError("malloc of size 64 failed"), "ArrowMemoryError: malloc of size 64 failed"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "OSError: [Errno 12] Cannot allocate memory"),
        (RuntimeError("can't start new thread"), "RuntimeError: can't start new thread"),
        (
            ImportError("advice\n\nx.so: failed to map segment from shared object"),
            "ImportError: x.so: failed to map segment from shared object",
        ),
        (
            ResourceExhaustedError("OOM when allocating tensor\nhint"),
            "ResourceExhaustedError: OOM when allocating tensor",
        ),
    ],
)
def test_memory_that_runs_out(error: BaseException, found: str) -> None:
    message = machine_error(error)
    assert message and message.where == "memory" and message.found.startswith(found)
    assert "\n" not in message.found


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError(), KeyError("x"), ImportError("No module named 'x'"), RuntimeError("x"), OSError("no number"),
        OSError(errno.EBADF, "Bad file descriptor"), OSError(errno.EINVAL, "Invalid argument"),
        BrokenPipeError(errno.EPIPE, "x"),
    ],
)  # fmt: skip
def test_the_rest_may_be_a_fault_of_the_tool(error: BaseException) -> None:
    assert machine_error(error) is None


def test_a_table_that_memory_does_not_suffice_for_is_not_damaged() -> None:
    with pytest.raises(AuditError, match="memory"), reading("t.parquet"):
        raise pa.ArrowMemoryError("malloc of size 64 failed")
