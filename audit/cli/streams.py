"""Standard streams of the command line's process: closed or full ones change no verdict."""

import io
import os
import sys


def open_streams() -> None:
    """Open those of the three standard descriptors that are closed, and let standard error lose what it cannot write.

    Else the next file would get the number of a closed one, and what is printed would go there. The null device stands
    in for it, opened the wrong way, so that whoever writes a result to a closed stdout has an error.
    """
    for descriptor, flags in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)  # the lowest number that is free
    if sys.stdout is None:
        sys.stdout = open(1, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115 (for good)
    stream = io.BufferedWriter(_Diagnostics(2, "w", closefd=False))
    sys.stderr = io.TextIOWrapper(stream, errors="backslashreplace", line_buffering=True)


class _Diagnostics(io.FileIO):
    """A file of messages beside the result: what it cannot take is lost, and the exit code says what happened."""

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]  # bytes of any kind
        except BrokenPipeError:  # a reader that has gone ends the process, as with ``2>&1 | head``
            raise
        except OSError:
            return len(data)  # type: ignore[arg-type]
