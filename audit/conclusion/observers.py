"""Callbacks of a running audit, in whichever process it measures."""

from collections.abc import Callable
from dataclasses import dataclass

from audit.conclusion.facts import AuditFacts
from audit.result import CheckResult


def ignore(*_: object) -> None:
    """Do nothing: the callback of whoever observes nothing."""


@dataclass(frozen=True, kw_only=True)
class Observers:
    """Callbacks of a running audit.

    Args:
        step: called with what is done next, in words, where no progress is counted.
        progress: called with each step, the rows done and the rows in all.
        note: called with what happens to the workers that compute the model, in words.
        crash: called with the name and the traceback of each check that crashes.
        opened: called once policy, data and model have been opened, before any row is scored.
        scored: called with the audit's facts once all rows are scored, and the seconds until then.
        finished: called with the result of each check, and the seconds that it took.
    """

    step: Callable[[str], None] = ignore
    progress: Callable[[str, int, int], None] = ignore
    note: Callable[[str], None] = ignore
    crash: Callable[[str, str], None] = ignore
    opened: Callable[[], None] = ignore
    scored: Callable[[AuditFacts, float], None] = ignore
    finished: Callable[[CheckResult, float], None] = ignore
