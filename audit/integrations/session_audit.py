"""One audit a session of pytest, whichever of its processes asks for it first."""

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from audit.cli.exit_codes import VERDICTS
from audit.errors import AuditError
from audit.formats.json import REPORT_FILE, from_json
from audit.result import Report

_UNFINISHED = (
    "the process of pytest that made the audit ended before the audit did; it is made once a session"
)


class AuditNotMade(Exception):
    """The audit of a session could not be made; the text says why, as `audit run` prints it."""


@dataclass(frozen=True, kw_only=True)
class SessionAudit:
    """The audit by a policy, made by `audit run` in a process of its own when the first process asks for its report.

    A process of its own, since pytest may turn warnings into errors, and may have loaded and changed anything.

    Args:
        policy: path of the policy as `audit run` gets it, below ``folder`` if it is relative.
        folder: working directory of the audit.
        out: directory of its reports.
        outcomes: folder that the session's processes share.
    """

    policy: str
    folder: Path
    out: Path
    outcomes: Path

    @property
    def outcome_file(self) -> Path:
        """File with the report, or the problem, that the session's processes read."""
        path = str(self.folder / self.policy).encode("utf-8", "surrogateescape")
        return self.outcomes / f"{hashlib.sha256(path).hexdigest()}.json"

    def report(self) -> Report:
        """Return the report; wait while another process makes the audit.

        Raises:
            AuditNotMade: there is none.
        """
        outcome = self.outcome_file
        outcome.parent.mkdir(mode=0o700, exist_ok=True)
        with FileLock(outcome.with_suffix(".lock")):
            if not outcome.exists():
                _write_whole(outcome, self._made_once(outcome.with_suffix(".started")))
        content = json.loads(outcome.read_text("utf-8"))
        if "problem" in content:
            raise AuditNotMade(content["problem"])
        return from_json(content["report"], str(self.out / REPORT_FILE))

    def _made_once(self, started: Path) -> dict[str, str]:
        """Return the outcome of the audit, which the file ``started`` keeps from being made again."""
        try:
            started.touch(exist_ok=False)
        except FileExistsError:
            return {"problem": f"{self.policy}: {_UNFINISHED}"}
        return self._made()

    def _made(self) -> dict[str, str]:
        # -P: as the console script, it does not import from the working directory
        command = [sys.executable, "-P", "-m", "audit", "run", "--quiet", "--out", str(self.out)]
        done = subprocess.run(
            [*command, "--", self.policy], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True
        )
        if done.returncode not in VERDICTS.values():
            message = done.stderr.decode("utf-8", "replace").strip().removeprefix("audit: ")
            message = re.sub(r"(?<!\S)--out\b", "--audit-out", message)  # the option of the same meaning here
            return {"problem": message or f"{self.policy}: audit run ended with exit code {done.returncode}"}
        report_file = self.folder / self.out / REPORT_FILE
        try:
            text = report_file.read_text("utf-8")
            verdict = from_json(text, str(report_file)).verdict
        except (OSError, AuditError) as error:
            return {"problem": str(error)}
        if VERDICTS[verdict] != done.returncode:
            return {"problem": f"{report_file}: its verdict {verdict} is not that of the audit just made"}
        return {"report": text}


def _write_whole(file: Path, content: dict[str, str]) -> None:
    """Write a file that other processes see complete or not at all."""
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(content), "utf-8")
    os.replace(partial, file)
