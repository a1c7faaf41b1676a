"""The time limit of an audit, as `audit run --timeout` takes it."""

import re
import time
from dataclasses import dataclass

from audit.errors import AuditError

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smh])")


@dataclass(frozen=True)
class Deadline:
    """A moment of `time.monotonic`, None for never, and the duration that it follows from, as written."""

    at: float | None = None
    text: str = ""

    @classmethod
    def after(cls, text: str | None) -> "Deadline":
        """Return the deadline a duration such as ``90s``, ``30m`` or ``2h`` from now; none for None.

        Raises:
            AuditError: ``text`` is no duration, or 0.
        """
        if text is None:
            return cls()
        match = _DURATION.fullmatch(text)
        seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
        if not seconds > 0:
            raise AuditError(
                where="--timeout", expected="a duration such as 90s, 30m or 2h", found=repr(text)
            )
        return cls(time.monotonic() + seconds, text)
