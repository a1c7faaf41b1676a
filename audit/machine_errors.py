"""Errors that the machine causes, not the tool: too little memory, a full disk, a path that cannot be used."""

import errno
import re
import resource

from audit.errors import AuditError, MachineFault

_UNUSABLE = frozenset(
    {
        *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR),
        *(
            errno.ENAMETOOLONG,
            errno.ELOOP,
            errno.ENOTEMPTY,
            errno.EBUSY,
            errno.EXDEV,
            errno.ENODEV,
            errno.ENXIO,
        ),
        *(errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.EAGAIN),
    }
)
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Error numbers of files that cannot grow."""

_MEMORY = re.compile(
    "failed to map segment|cannot allocate memory|can't start new thread|unable to allocate|std::bad_alloc",
    re.IGNORECASE,
)


class OutOfMemory(MachineFault):
    """The message of an error of memory."""


_LEAST_ADDRESS_SPACE = 512 * 2**20  # bytes; TensorFlow takes several times as much


def require_address_space() -> None:
    """Require an address space (``ulimit -v``) that numpy can start in.

    With less, OpenBLAS waits for ever, or ends the process with 1, the exit code of a failed gate.

    Raises:
        AuditError: the limit is lower.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < _LEAST_ADDRESS_SPACE:
        raise _too_little_memory(f"a limit of {limit // 2**20:,} MiB on the address space")


def machine_error(error: BaseException) -> AuditError | None:
    """Return the message of an error that the machine causes; None for any other, such as a fault of the tool."""
    if isinstance(error, OutOfMemory):
        return error
    if is_of_memory(error):
        return _too_little_memory(f"{type(error).__name__}: {_first_line(error) or 'an allocation failed'}")
    if not isinstance(error, OSError) or error.errno not in _UNUSABLE | FULL:
        return None
    return AuditError(
        where=str(error.filename or "output or temporary files"),
        expected="a file or folder that can be read and written",
        found=error.strerror or str(error),
        fix="make room on the disk" if error.errno in FULL else "check the path and its permissions",
    )


def _too_little_memory(actual: str) -> OutOfMemory:
    return OutOfMemory(
        where="memory",
        expected="enough memory for TensorFlow, the model and a batch of rows",
        found=actual,
        fix="give the process more memory (see also 'ulimit -v' and the container's limit), or end other programs",
    )


def raise_if_of_memory(error: BaseException) -> None:
    """Raise an error again if memory ran out: then it says nothing of the graph that was tried."""
    if is_of_memory(error):
        raise error


def is_of_memory(error: BaseException) -> bool:
    """Return whether memory ran out, by the exceptions of Python, its import system, NumPy, Arrow and TensorFlow."""
    if isinstance(error, MemoryError | OutOfMemory) or type(error).__name__ == "ResourceExhaustedError":
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return isinstance(error, ImportError | RuntimeError) and bool(_MEMORY.search(str(error)))


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines()]
    named = next(
        (line for line in lines if _MEMORY.search(line)), ""
    )  # numpy's advice on installing comes first
    return (named or next(filter(None, lines), ""))[:300]
