"""Which files in a directory are of a report, and which of another program that uses the same name."""

import re
from pathlib import Path

from audit.formats import registry

_HEAD_BYTES = 4096


def is_ours(file: Path) -> bool:
    """Return whether a file, named as one of a report, is of a report; by its first bytes where the name is common.

    A common name's file that cannot be read is not.
    """
    mark = next((view.mark for view in registry.FORMATS.values() if view.file == file.name), "")
    return not mark or bool(re.match(mark, _head(file)))


def _head(file: Path) -> str:
    if not file.is_file():  # a named pipe would block
        return ""
    try:
        with open(file, "rb") as stream:
            return stream.read(_HEAD_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
