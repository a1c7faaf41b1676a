"""Counts the audits of the same rows: of enough candidates, one passes by luck.

One JSON line an audit in a small local file, `AUDIT_HISTORY` or `history.jsonl` in the user's directory for the
state of `savedmodel-audit`. Digests, seed, time and verdict stand there: nothing of the model, the rows or the policy.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from audit.policy.compatibility import asked
from audit.policy.model import Policy, policy_digest
from audit.result import DataFacts, Decision, ModelFacts

VARIABLE = "AUDIT_HISTORY"
"""The environment variable with the file's path; where it is set and empty, no audit is counted."""


@dataclass(frozen=True)
class Audited:
    """What tells one audit from another: the rows, the model, what was asked of it (digests), and the seed."""

    data: str
    model: str
    asked: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Count:
    """An audit's place among the different audits of its rows, by the order in which each was first made.

    ``audits`` and ``candidates`` count from 1, this one included, so that an audit that is repeated keeps its place;
    they are None where the file cannot be used, and ``problem`` says why. ``damaged`` are lines that cannot be read.
    """

    audits: int | None = None
    candidates: int | None = None
    damaged: int = 0
    problem: str | None = None

    def facts(self) -> dict[str, object]:
        """Return what stands in the report under ``run.history``."""
        facts: dict[str, object] = {"audits": self.audits, "candidates": self.candidates}
        facts |= {"damaged_lines": self.damaged} if self.damaged else {}
        return facts | ({"problem": self.problem} if self.problem else {})


@dataclass(frozen=True)
class History:
    """The file; it is made, with its directory, when the first audit is counted."""

    path: Path

    def decide(
        self, audited: Audited, started: str, decide: Callable[[int | None], Decision]
    ) -> tuple[Decision, Count]:
        """Count an audit, decide on it, and write it down with its verdict.

        Meanwhile others wait, so that no two audits of the same rows take the same place. A file that cannot be read
        and written loses no audit: the count is then not known. What cannot be decided is not written down.

        Args:
            audited: the present audit.
            started: when, as ISO 8601.
            decide: given the number of audits, or None.
        """
        try:
            with _locked(self.path) as file:
                count, whole = _count(file, audited)
                decision = decide(count.audits)
                line = {**asdict(audited), "started": started, "verdict": decision.verdict}
                file.write((b"" if whole else b"\n") + json.dumps(line).encode() + b"\n")
                return decision, count
        except OSError as error:
            reason = f"{self.path}: {error.strerror or error}"
            return decide(None), Count(problem=reason)


def find_history() -> History | None:
    """Return the user's history; None where `VARIABLE` is empty, or there is no home to keep it in."""
    given = os.environ.get(VARIABLE)
    if given is not None:
        return History(_home(given)) if given else None
    from platformdirs import user_state_path

    with suppress(RuntimeError):
        return History(user_state_path("savedmodel-audit", appauthor=False) / "history.jsonl")
    return None


def _home(given: str) -> Path:
    """Return a path whose ``~`` is the home directory: not every shell or pipeline that sets a variable expands it."""
    with suppress(RuntimeError):
        return Path(given).expanduser()
    return Path(given)


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read it and to append to it, for one process at a time.

    The lock is on the file itself: the system drops it with the process that holds it, so that none can go stale.
    """
    from filelock import lock_descriptor

    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b", buffering=0) as file:  # closing it gives the lock back
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is no regular file")
        lock_descriptor(file.fileno())
        yield file


def _count(file: BinaryIO, audited: Audited) -> tuple[Count, bool]:
    """Return the place of ``audited`` in the file, and whether its last line is whole."""
    file.seek(0)
    lines = file.read()
    found = [_parsed(line) for line in lines.splitlines() if line.strip()]
    same = [item for item in found if item is not None and item.data == audited.data] + [audited]
    count = Count(
        audits=list(dict.fromkeys(same)).index(audited) + 1,
        candidates=list(dict.fromkeys(item.model for item in same)).index(audited.model) + 1,
        damaged=found.count(None),
    )
    return count, not lines or lines.endswith(b"\n")


def _parsed(line: bytes) -> Audited | None:
    try:
        content = json.loads(line)
        audited = Audited(*(content[name] for name in ("data", "model", "asked", "seed")))
        hash(audited)
        return audited
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def identify(
    policy: Policy, model: ModelFacts, data: DataFacts, baseline: ModelFacts | None, seed: int
) -> Audited:
    """Return what tells the audit of ``model`` on ``data`` from others.

    Gate, waivers and report settings do not: limits that change do not make another audit.
    """
    background = data.background.digest if data.background else None
    question = {
        **asked(policy),
        "background": background,
        "baseline": baseline.digest if baseline else None,
    }
    return Audited(data.digest, model.digest, policy_digest(question), seed)
