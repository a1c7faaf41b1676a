"""What the child shares with the terminal and the file system: nothing that it could spoil."""

import os
import sys
import tempfile


def detach(folder: str) -> None:
    """Send standard output to standard error, close standard input, and put temporary files into ``folder``.

    Standard output carries the summary alone; whatever asks on standard input would wait for ever.
    """
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 (for good, as the other two)
    # new streams, since another thread of the parent may have held the old ones' locks when the process was copied
    sys.stdout = open(1, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.environ["TMPDIR"] = folder
    tempfile.tempdir = folder
