"""The ledger of audits, which counts those of the same rows: of enough candidates, one passes by luck.

One JSON line an audit in a small local file, `AUDIT_HISTORY` or `history.jsonl` in the user's directory for the
state of `savedmodel-audit`. It holds digests, seed, time and verdict: nothing of the model, the rows or the policy.
"""

import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from audit.policy.compatibility import measurement_spec
from audit.policy.model import Policy, policy_digest
from audit.result import DataFacts, ModelFacts, Verdict

VARIABLE = "AUDIT_HISTORY"
"""Environment variable with the file's path; if it is set and empty, no audit is counted."""

MAX_WAIT_SECONDS = 5.0
"""Longest wait for the lock, which an audit holds while it decides: a matter of milliseconds."""

_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class AuditIdentity:
    """What makes two audits the same: digests of the rows, the model and the question, and the seed."""

    data: str
    model: str
    asked: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Count:
    """An audit's place among the different audits of its rows, by the order in which each was first made.

    ``audits`` and ``candidates`` count from 1, this one included, so that an audit that is repeated keeps its place;
    they are None where the file cannot be used, for the reason in ``problem``. ``damaged`` counts unreadable lines.
    """

    audits: int | None = None
    candidates: int | None = None
    damaged: int = 0
    problem: str | None = None

    def facts(self) -> dict[str, object]:
        """Return the content of ``run.history`` in a report."""
        facts: dict[str, object] = {"audits": self.audits, "candidates": self.candidates}
        facts |= {"damaged_lines": self.damaged} if self.damaged else {}
        return facts | ({"problem": self.problem} if self.problem else {})


@dataclass(frozen=True)
class AuditPlace:
    """An audit's place in the ledger's file, which no other audit can take until it is recorded or given up."""

    count: Count
    file: BinaryIO
    audit: dict[str, object]

    def record(self, verdict: Verdict) -> None:
        """Append the audit with its verdict to the ledger's file."""
        self.file.write(json.dumps({**self.audit, "verdict": verdict}).encode() + b"\n")


@dataclass(frozen=True)
class History:
    """The ledger of audits in the file ``path``, which is made when the first audit is counted."""

    path: Path

    @contextmanager
    def place(self, audited: AuditIdentity, started: str) -> Iterator[AuditPlace]:
        """Yield the place of the present audit, ``started`` at a time as ISO 8601, to be recorded with its verdict.

        Meanwhile others wait, for `MAX_WAIT_SECONDS` at most, so that no two audits of the same rows take the same
        place. Nothing is written of an audit that raises.

        Raises:
            OSError: the file cannot be read or written, or another process keeps it locked; then the count is
                `unknown`.
        """
        with _locked(self.path) as file:
            yield AuditPlace(_count(file, audited), file, {**asdict(audited), "started": started})

    def unknown(self, error: OSError) -> Count:
        """Return the count of an audit for which the ledger's file cannot be used: none, with the reason."""
        return Count(problem=f"{self.path}: {error.strerror or error}")


def find_history() -> History | None:
    """Return the user's ledger; None if `VARIABLE` is empty, or there is no home directory for it."""
    value = os.environ.get(VARIABLE)
    if value is not None:
        # not every shell or pipeline that sets a variable expands a ``~``; without a home directory it stays
        return History(Path(os.path.expanduser(value))) if value else None
    from platformdirs import user_state_path

    with suppress(RuntimeError):
        return History(user_state_path("savedmodel-audit", appauthor=False) / "history.jsonl")
    return None


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read it and to append to it, for one process at a time.

    The lock is on the file itself: the system drops it with the process that holds it, so that none can go stale.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b", buffering=0) as file:  # closing it gives the lock back
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is not a regular file")
        _wait_for_lock(file)
        yield file


def _wait_for_lock(file: BinaryIO) -> None:
    """Lock a file, waiting for whoever holds the lock, but not for ever: a stopped process or a backup may keep it.

    Raises:
        TimeoutError: another process still holds it.
    """
    from filelock import lock_descriptor

    end = time.monotonic() + MAX_WAIT_SECONDS
    while not lock_descriptor(file.fileno(), blocking=False):
        if time.monotonic() >= end:
            raise TimeoutError(f"another process has kept it locked for {MAX_WAIT_SECONDS:g} seconds")
        time.sleep(_POLL_SECONDS)


def _count(file: BinaryIO, audited: AuditIdentity) -> Count:
    """Return the place of ``audited`` in the file, and complete a last line that was cut off."""
    file.seek(0)
    content = file.read()
    if content and not content.endswith(b"\n"):
        file.write(b"\n")
    audits = [_parsed(line) for line in content.splitlines() if line.strip()]
    of_these_rows = [audit for audit in audits if audit and audit.data == audited.data] + [audited]
    models = list(dict.fromkeys(audit.model for audit in of_these_rows))
    return Count(
        audits=list(dict.fromkeys(of_these_rows)).index(audited) + 1,
        candidates=models.index(audited.model) + 1,
        damaged=audits.count(None),
    )


def _parsed(line: bytes) -> AuditIdentity | None:
    try:
        content = json.loads(line)
        audit = AuditIdentity(*(content[name] for name in ("data", "model", "asked", "seed")))
        hash(audit)
        return audit
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def identify(
    policy: Policy, model: ModelFacts, data: DataFacts, baseline: ModelFacts | None, seed: int
) -> AuditIdentity:
    """Return the identity of the audit of ``model`` on ``data``, by which the ledger knows it again.

    Gate, waivers and report settings are no part of it: limits that change do not make another audit.
    """
    question = {
        **measurement_spec(policy),
        "background": data.background.digest if data.background else None,
        "baseline": baseline.digest if baseline else None,
    }
    return AuditIdentity(data.digest, model.digest, policy_digest(question), seed)
