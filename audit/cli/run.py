"""`audit run`: audits a model, writes the reports and prints the summary."""

import faulthandler
import sys
from collections.abc import Container
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

from audit.audit_log.ledger import find_history
from audit.check import load_policy, policy_from
from audit.cli.colour import of_stdout
from audit.cli.exit_codes import PASS, VERDICTS
from audit.cli.identity import date_note, digests
from audit.cli.json_summary import json_summary
from audit.cli.plain_text import plain
from audit.cli.progress import observers
from audit.cli.protected_option import parse_protected
from audit.cli.summary import remarks, summary, uncounted
from audit.conclusion.facts import Measured
from audit.conclusion.observers import Observers
from audit.errors import AuditError
from audit.formats.registry import require_formats
from audit.formats.writing import set_aside, write_and_read
from audit.frameworks.output_silencing import is_enabled
from audit.policy.compatibility import recorded_policy
from audit.policy.gate_spec import today
from audit.policy.model import ExecutionSpec, ResolvedPolicy
from audit.result import Report
from audit.worker.deadline import Deadline
from audit.worker.signals import terminable
from audit.worker.supervisor import measure_in_child

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
    formats: list[str]
    timeout: str | None
    execution: dict[str, object]
    log_mlflow: bool
    dry_run: bool
    as_json: bool
    quiet: bool
    verbose: bool
    debug: bool


def run(request: Request) -> int:
    """Audit, write the reports, print the summary, return the verdict's exit code.

    An older report is set aside once policy, data and model are open, so that a failed run never leaves it in place.
    """
    deadline = Deadline.after(request.timeout)
    on = parse_date(request.date)
    formats = require_formats(request.formats)
    if request.dry_run:
        return _show_plan(request, on, formats)
    ended = terminable() if is_enabled() else nullcontext()
    with ended, observers(request.quiet, request.debug, request.verbose) as printing:
        measured = _measured(request, on, deadline, printing)
        from audit.conclusion.assembly import conclude
        from audit.conclusion.stored import verified

        printing.progress("writing the reports", 0, 1)
        concluded = conclude(measured, find_history())
        policy = recorded_policy(concluded)
        formats = formats or list(policy.report.formats)
        report, files = write_and_read(concluded, request.out, verified, formats)
        if request.log_mlflow or policy.registry.log:
            printing.progress("logging to MLflow", 0, 1)
            _log(report, files)
    if problem := uncounted(report):
        print(f"audit: {plain(problem, 500)}", file=sys.stderr)
    _print(request, report, files, on)
    return VERDICTS[report.verdict]


def _show_plan(request: Request, on: date, formats: list[str]) -> int:
    """Print what an audit would do; nothing is measured or written, and no audit is counted."""
    with observers(request.quiet, request.debug, request.verbose):  # of the imports as well
        from audit.cli.dry_run import json_plan, plan, plan_lines

        planned = plan(_policy(request), on, request.only, formats, request.out)
    if request.as_json:
        print(json_plan(planned))
    elif not request.quiet:
        print("\n".join(plan_lines(planned)))
    return PASS


def _print(request: Request, report: Report, files: list[Path], on: date) -> None:
    """Print the summary, for machines or for people; ``--quiet`` is about the latter."""
    if request.as_json:
        print(json_summary(report, report, files))
    elif not request.quiet:
        about = digests(report) if report.verdict == "pass" or request.verbose else ()
        reports = [f"Report: {plain(file, 500)}" for file in files[1:]]
        lines = summary(report, report, style=of_stdout(), verbose=request.verbose)
        print("\n".join([*lines, *remarks(report), *date_note(on), *about, *reports]))


def _measured(request: Request, on: date, deadline: Deadline, printing: Observers) -> Measured:
    """Measure, and report to ``printing``: in a child process if this process is the command line's."""
    callbacks = replace(printing, opened=lambda: set_aside(request.out))
    if is_enabled():
        return measure_in_child(partial(_measure, request, on), callbacks, deadline, _import_conclusion)
    if request.timeout:
        raise AuditError(
            where="--timeout",
            expected="a process of its own, as the command 'audit run' starts",
            found="a call from Python, which measures in its own process",
        )
    return _measure(request, on, callbacks, ())


def _import_conclusion() -> None:
    """Import what decides and renders: it is ready once the child has measured."""
    import audit.conclusion.assembly
    import audit.conclusion.stored
    import audit.formats.html.page  # noqa: F401
    from audit.formats.html.environment import compile_templates

    compile_templates()


def _measure(request: Request, on: date, callbacks: Observers, done: Container[str]) -> Measured:
    """Load policy and checks, and measure; with ``--debug``, a fault in native code prints where it is."""
    if request.debug and is_enabled():
        faulthandler.enable()
    from audit.runner import AuditRequest, measure

    audit_request = AuditRequest(
        policy=_policy(request),
        seed=request.seed,
        on=on,
        only=request.only,
        overrides=request.overrides,
        flags=_flags(request),
    )
    return measure(audit_request, callbacks, done)


def parse_date(text: str | None) -> date:
    """Return the date of ``--date``; today in UTC for None.

    Raises:
        AuditError: ``text`` is no date.
    """
    try:
        return today() if text is None else date.fromisoformat(text)
    except ValueError:
        raise AuditError(where="--date", expected="a date as YYYY-MM-DD", found=repr(text)) from None


def _log(report: Report, files: list[Path]) -> None:
    """Log a finished audit; if that fails, the message says that there is a verdict, and where."""
    from audit.registry.audit_run import log_audit

    try:
        log_audit(report, files)
    except AuditError as error:
        place = f"the verdict, {report.verdict}, is in {files[0]} and not in MLflow"
        raise AuditError(
            where=error.where, expected=error.expected, found=f"{error.found}; {place}", fix=error.fix
        ) from error


def _policy(request: Request) -> ResolvedPolicy:
    policy = _loaded_policy(request)
    execution = {key: value for key, value in request.execution.items() if value is not None}
    if execution:
        of_policy = policy.execution
        if execution.get("backend", of_policy.backend) != of_policy.backend:
            of_policy = ExecutionSpec()  # its workers and address are those of its own backend
        policy = policy.model_copy(update={"execution": of_policy.model_copy(update=execution)})
    if request.log_mlflow or policy.registry.log:
        from audit.registry.audit_run import require_loggable

        require_loggable(policy.model.path)
    return policy


def _loaded_policy(request: Request) -> ResolvedPolicy:
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
    data = {"path": flags["data"], "label": flags["label"], "protected": parse_protected(request.protected)}
    return policy_from({"version": 1, "model": {"path": flags["model"]}, "data": data}, request.overrides)


def _flags(request: Request) -> list[str]:
    """Return the options that replace a policy file, as arguments of a command line."""
    options = [(name, value) for name, value in request.flags.items() if value is not None]
    options += [("protected", text) for text in request.protected]
    return [word for name, value in options for word in (f"--{name}", value)]
