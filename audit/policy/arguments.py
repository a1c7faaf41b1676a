"""Arguments of the Python interface that are part of no policy, checked before an audit and not after it."""

from datetime import date, datetime
from numbers import Integral

from audit.errors import AuditError
from audit.policy.gate_spec import today


def audit_date(on: object) -> date:
    """Return the date that waivers are judged by: today in UTC if ``on`` is None.

    Raises:
        AuditError: it is no date; a time is none, for its date depends on the time zone.
    """
    if on is None:
        return today()
    if isinstance(on, date) and not isinstance(on, datetime):
        return on
    raise AuditError(
        where="on",
        expected="a datetime.date",
        found=f"{on!r:.80}",
        fix="pass datetime.date(2027, 1, 31), or nothing for today in UTC",
    )


def audit_seed(seed: object) -> int:
    """Return a seed as Python's own integer.

    Raises:
        AuditError: it is no integer of at least 0.
    """
    if isinstance(seed, Integral) and not isinstance(seed, bool) and int(seed) >= 0:
        return int(seed)
    raise AuditError(where="seed", expected="an integer of at least 0", found=f"{seed!r:.80}")
