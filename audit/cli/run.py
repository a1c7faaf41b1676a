"""`audit run`: audits a model, writes the reports and prints the summary."""

import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from audit.check import load_policy, policy_from
from audit.cli.exit_codes import VERDICTS
from audit.cli.summary import plain, remarks, summary, uncounted
from audit.errors import AuditError
from audit.formats.writing import set_aside, write_reports
from audit.policy.gate_spec import today
from audit.policy.model import ResolvedPolicy
from audit.result import Report

DEFAULT_POLICY = Path("audit.yaml")


@dataclass(frozen=True, kw_only=True)
class Request:
    """Parsed command line of `audit run`."""

    policy: Path | None
    flags: dict[str, str | None]
    protected: list[str]
    out: Path
    only: list[str]
    overrides: list[str]
    seed: int
    date: str | None
    quiet: bool
    debug: bool


def run(request: Request) -> int:
    """Audit, write the reports, print the summary, return the verdict's exit code.

    An older report is set aside first, so that a failed run never leaves it in place.
    """
    set_aside(request.out)
    policy = _policy(request)
    report = _audit(policy, request)
    files = write_reports(report, request.out)
    if problem := uncounted(report):
        print(f"audit: {plain(problem, 500)}", file=sys.stderr)
    if not request.quiet:
        print("\n".join([*summary(report), *remarks(report), f"Report: {plain(files[-1], 500)}"]))
    return VERDICTS[report.verdict]


def _audit(policy: ResolvedPolicy, request: Request) -> Report:
    """Run the audit, with progress and crashes on stderr."""
    from audit.audit_log.ledger import find_history
    from audit.cli.progress import observers
    from audit.runner import AuditRequest, run_audit

    audit_request = AuditRequest(
        policy=policy,
        seed=request.seed,
        on=parse_date(request.date),
        only=request.only,
        overrides=request.overrides,
        flags=_flags(request),
    )
    with observers(request.quiet, request.debug) as callbacks:
        return run_audit(audit_request, callbacks, find_history())


def parse_date(text: str | None) -> date:
    """Return the date of ``--date``; today in UTC for None.

    Raises:
        AuditError: ``text`` is no date.
    """
    try:
        return date.fromisoformat(text) if text else today()
    except ValueError:
        raise AuditError(where="--date", expected="a date as YYYY-MM-DD", found=repr(text)) from None


def _policy(request: Request) -> ResolvedPolicy:
    if not _flags(request):
        return load_policy(request.policy or DEFAULT_POLICY, request.overrides)
    missing = [name for name, value in request.flags.items() if value is None]
    if request.policy is not None or missing:
        raise AuditError(
            where="audit run",
            expected="a policy file, or --model, --data and --label together",
            found="both" if request.policy is not None else f"no --{', no --'.join(missing)}",
            fix="put them in the policy, or override single values with --set",
        )
    flags = request.flags
    data = {"path": flags["data"], "label": flags["label"], "protected": _parse_protected(request.protected)}
    return policy_from({"version": 1, "model": {"path": flags["model"]}, "data": data}, request.overrides)


def _parse_protected(texts: list[str]) -> dict[str, dict[str, object]]:
    attributes: dict[str, dict[str, object]] = {}
    for text in texts:
        name, equals, privileged = text.partition("=")
        if not (name and equals and privileged):
            raise AuditError(
                where="--protected", expected="NAME=PRIVILEGED, such as sex=Male", found=repr(text)
            )
        if name in attributes:
            raise AuditError(
                where="--protected",
                expected=f"{name!r} once",
                found="twice",
                fix=f"several values: '{name}=A|B'",
            )
        attributes[name] = {"privileged": privileged.split("|")}
    return attributes


def _flags(request: Request) -> list[str]:
    """Return the options that replace a policy file, as arguments of a command line."""
    options = [(name, value) for name, value in request.flags.items() if value is not None]
    options += [("protected", text) for text in request.protected]
    return [word for name, value in options for word in (f"--{name}", value)]
