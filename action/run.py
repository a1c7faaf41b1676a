"""One audit in a step of GitHub Actions: its reports, outputs, step summary and exit code.

Inputs arrive as environment variables and reach the audit as separate arguments, so that no shell ever parses them.
The verdict is that of the exit code, and only if the report.json that this run wrote has the same verdict.
"""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VERDICTS = {0: "pass", 1: "fail", 3: "inconclusive"}
COULD_NOT_AUDIT = 2
TOOL_FAULT = 70
BLOCKED = {"fail": {"fail"}, "inconclusive": {"fail", "inconclusive"}, "never": set[str]()}
"""Verdicts that fail the step, by the input fail-on. A run without a verdict fails it in any case."""
FORMATS = ("html", "junit", "sarif", "markdown")
REPORT_FILES = {
    "report.json",
    "report.html",
    "junit.xml",
    "results.sarif",
    "summary.md",
    "gl-code-quality.json",
    "model-card.cdx.json",
}
"""Names of all files that an audit may write; whatever else changes in ``out`` meanwhile is not uploaded."""
SUMMARY_BYTES = 1024 * 1024  # GitHub drops the whole summary of a step that writes more
LOG_LINES = 30
FILE_COMMANDS = {"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE"}
"""Variables by which a process sets outputs and the environment of later steps: not for what an audit loads."""

File = tuple[int, int, int, int]


class InputError(Exception):
    """An input of the action that cannot be used."""


@dataclass(frozen=True)
class Outcome:
    """Result of a run: exit code, verdict ("error" if there is none), what to tell, and the reports it wrote.

    ``report`` is the path of report.json as the input ``out`` spells it, ``files`` a folder of copies for upload.
    """

    code: int
    verdict: str
    message: str
    report: str = ""
    files: str = ""


def main() -> int:
    """Audit, hand the results to GitHub, and return the exit code of the step."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    inputs = {name: os.environ.get(f"INPUT_{name}", "") for name in ("POLICY", "OUT", "FAIL_ON", "ARGS")}
    try:
        outcome = audit(inputs)
    except InputError as error:
        outcome = Outcome(COULD_NOT_AUDIT, "error", str(error))
    except OSError as error:  # a full disk, a folder that may not be read
        outcome = Outcome(TOOL_FAULT, "error", str(error))
    write_outputs(outcome)
    write_summary(outcome)
    blocked = is_blocked(outcome, inputs["FAIL_ON"])
    annotate(outcome, "error" if blocked else "warning")
    return (outcome.code or TOOL_FAULT) if blocked else 0


def is_blocked(outcome: Outcome, fail_on: str) -> bool:
    """Return whether the step fails."""
    return outcome.verdict == "error" or outcome.verdict in BLOCKED[fail_on]


def audit(inputs: Mapping[str, str]) -> Outcome:
    """Run `audit run` and read its verdict.

    Raises:
        InputError: an input cannot be used; nothing was run.
    """
    command = command_line(inputs)
    out = Path(inputs["OUT"])
    before = files_in(out)
    code, log = run(command)
    written = [name for name, file in files_in(out).items() if before.get(name) != file]
    if code not in VERDICTS:
        return Outcome(code, "error", last_message(log))
    stored = stored_verdict(out) if "report.json" in written else "this run wrote none"
    if stored != VERDICTS[code]:
        said = f"The audit ended with exit code {code} ({VERDICTS[code]})"
        return Outcome(TOOL_FAULT, "error", f"{said}, but its report.json does not say so: {stored!r:.200}")
    message = f"The verdict is {stored} (exit code {code})."
    return Outcome(code, stored, message, os.path.join(inputs["OUT"], "report.json"), copies(out, written))


def command_line(inputs: Mapping[str, str]) -> list[str]:
    """Return the words of the command; options of the input ``args`` come first, so that ``--out`` is ours.

    Raises:
        InputError: an input cannot be used.
    """
    if inputs["FAIL_ON"] not in BLOCKED:
        raise InputError(f"fail-on: expected one of {', '.join(BLOCKED)}, found {inputs['FAIL_ON']!r}")
    if not inputs["OUT"]:
        raise InputError("out: expected a directory for the reports, found nothing")
    executable = shutil.which("audit")
    if executable is None:
        raise InputError(
            "PATH: expected the command 'audit', found none; the step that installs it has not run"
        )
    try:
        options = shlex.split(inputs["ARGS"])
    except ValueError as error:
        raise InputError(f"args: expected words as in a shell, found {inputs['ARGS']!r} ({error})") from None
    policy = [f"./{inputs['POLICY']}" if inputs["POLICY"].startswith("-") else inputs["POLICY"]]
    formats = [word for name in FORMATS for word in ("--format", name)]
    return [executable, "run", *(policy if policy[0] else []), *options, "--out", inputs["OUT"], *formats]


def files_in(folder: Path) -> dict[str, File]:
    """Return the reports in a folder by name, each with what changes when it is written again."""
    if not folder.is_dir():
        return {}
    entries = [
        entry
        for entry in os.scandir(folder)
        if entry.name in REPORT_FILES and entry.is_file(follow_symlinks=False)
    ]
    stats = {entry.name: entry.stat(follow_symlinks=False) for entry in entries}
    return {name: (s.st_dev, s.st_ino, s.st_mtime_ns, s.st_size) for name, s in stats.items()}


def run(command: list[str]) -> tuple[int, str]:
    """Run the audit with its output in the step's log; return its exit code and the end of its stderr.

    GitHub obeys lines such as ``::error::`` in a log, and names in data may contain them: they are off meanwhile.
    That works on one stream only, so stderr goes to stdout.
    """
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in FILE_COMMANDS}
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    for number in (signal.SIGINT, signal.SIGTERM):  # a cancelled job: the audit stops its own processes
        signal.signal(number, lambda number, _: child.send_signal(number))
    lines: deque[str] = deque(maxlen=LOG_LINES)
    reader = threading.Thread(target=_copy_to_log, args=(child, lines), daemon=True)
    reader.start()
    code = child.wait()
    reader.join(timeout=10)  # a process that a model started may keep the pipe open
    print(f"\n::{token}::", flush=True)
    return (code if code >= 0 else 128 - code), "".join(lines)


def _copy_to_log(child: subprocess.Popen[bytes], lines: deque[str]) -> None:
    for line in child.stderr or ():
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        lines.append(line[:2000].decode(errors="replace"))


def last_message(log: str) -> str:
    """Return the message that the audit ended with, without the signs of life before it; all if it has none."""
    *_, last = re.split("^(?=audit: )", log, flags=re.MULTILINE)
    return last


def stored_verdict(out: Path) -> str:
    """Return the verdict that report.json holds, or what is wrong with the file."""
    try:
        return str(json.loads((out / "report.json").read_bytes())["verdict"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return f"no verdict can be read ({type(error).__name__})"


def copies(out: Path, names: list[str]) -> str:
    """Copy what this run wrote to a folder of its own, and return it.

    It holds no older report, and its path has no character that an upload takes for a pattern.
    """
    folder = tempfile.mkdtemp(prefix="audit-report-", dir=os.environ.get("RUNNER_TEMP"))
    for name in names:
        shutil.copyfile(out / name, Path(folder) / name)
    return folder


def write_outputs(outcome: Outcome) -> None:
    """Append the outputs to $GITHUB_OUTPUT; a random delimiter keeps a value from ending its own block."""
    sarif = Path(outcome.files, "results.sarif") if outcome.files else Path()
    outputs = {
        "verdict": outcome.verdict,
        "exit-code": str(outcome.code),
        "report": outcome.report,
        "files": outcome.files,
        "sarif": str(sarif) if sarif.is_file() else "",
    }
    delimiter = secrets.token_hex(16)
    text = "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in outputs.items())
    append("GITHUB_OUTPUT", os.fsencode(text))


def write_summary(outcome: Outcome) -> None:
    """Append the Markdown summary to $GITHUB_STEP_SUMMARY, or why there is none; never more than GitHub takes."""
    place = os.environ.get("GITHUB_STEP_SUMMARY", "")
    summary = Path(outcome.files, "summary.md") if outcome.files else Path()
    if summary.is_file():
        text = summary.read_bytes()
    elif outcome.verdict != "error":
        text = f"**Audit: {outcome.verdict}** (exit code {outcome.code})".encode()
    else:
        text = f"**Could not audit** (exit code {outcome.code})\n\n{fenced(outcome.message)}".encode()
    room = SUMMARY_BYTES - 1 - (os.path.getsize(place) if os.path.isfile(place) else 0)
    append("GITHUB_STEP_SUMMARY", shortened(text, room))


def shortened(text: bytes, room: int) -> bytes:
    """Return the text and a newline in at most ``room`` bytes; what is cut off is cut at the end of a line."""
    if len(text) + 1 <= room:
        return text + b"\n"
    note = "\n\n… shortened: summary.md among the reports is complete.\n".encode()
    kept = text[: max(room - len(note), 0)].rpartition(b"\n")[0]
    return kept + note if kept else b""


def fenced(message: str) -> str:
    """Return a message as a block of Markdown that it cannot end, without control characters."""
    plain = re.sub(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f]", " ", message).strip()
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", plain)), 3)
    return f"{fence}text\n{plain}\n{fence}"


def annotate(outcome: Outcome, level: str) -> None:
    """Print an annotation for a run that did not pass; GitHub shows it above the log and at the pull request."""
    if outcome.verdict == "pass":
        return
    text = outcome.message.strip() or f"The audit ended with exit code {outcome.code}."
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{level} title=Model audit: {outcome.verdict}::{escaped}", flush=True)


def append(variable: str, content: bytes) -> None:
    """Append to the file that GitHub names in a variable; outside of GitHub there is none."""
    if os.environ.get(variable):
        with open(os.environ[variable], "ab") as file:
            file.write(content)


if __name__ == "__main__":
    sys.exit(main())
