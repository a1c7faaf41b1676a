"""The self-test of a policy: audits the mutants of the candidate, and reports which of them its rules catch."""

import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

from audit.check.run import Crash
from audit.conclusion.observers import Observers, ignore
from audit.errors import AuditError, ScoresRefused
from audit.execution import open_backend
from audit.mutants.candidate import read_candidate
from audit.mutants.catalogue import mutants
from audit.mutants.export import make_mutant
from audit.mutants.mutant import CannotMutate, Mutant
from audit.mutants.result import CATCHING, MutantResult, Selftest, is_caught, rule_verdicts
from audit.policy.model import ExecutionSpec, ResolvedPolicy
from audit.result import Report
from audit.runner import AuditRequest, run_audit
from audit.subject.loading import load_subject
from audit.subject.subject import Subject


def run_selftest(request: AuditRequest, observers: Observers) -> Selftest:
    """Audit the candidate and its mutants; files are written to a temporary directory only.

    Args:
        request: policy, seed and date; ``only`` is replaced by the checks that the rules name.
        observers: callbacks for the mutant that is being audited, and for crashes.

    Raises:
        AuditError: the policy has no rules, or the candidate cannot be audited.
    """
    if not request.policy.rules:
        raise AuditError(
            where="gate.rules",
            expected="rules, to try on broken variants of the model",
            found="none",
            fix="add rules; 'audit init' writes some to start from",
        )
    gate = request.policy.gate.model_copy(update={"max_audits": None})  # no mutant is a candidate
    trials = _Trials(replace(request, policy=request.policy.model_copy(update={"gate": gate})), observers)
    return Selftest(
        policy=request.policy.digest,
        seed=request.seed,
        candidate=trials.candidate.rules,
        variants=list(trials.results()),
    )


@dataclass(frozen=True)
class _Trials:
    """Audits of the candidate and of its mutants, with one seed and date."""

    request: AuditRequest
    observers: Observers

    @cached_property
    def candidate(self) -> Report:
        self.observers.progress("candidate", 0, 1)
        report = _audit(self.request, self.request.policy, self.observers.crash)
        self.observers.progress("candidate", 1, 1)
        return report

    @cached_property
    def _subject(self) -> Subject:
        return load_subject(self.request.policy, ignore, self.request.seed)

    def results(self) -> Iterator[MutantResult]:
        """Yield the result of each mutant, in their order.

        They are audited by the backend of the policy; where that is Ray, by this process: other machines have no files
        of the mutants.
        """
        execution = self.request.policy.execution
        if execution.backend == "ray":
            execution = ExecutionSpec()
        with (
            tempfile.TemporaryDirectory(prefix="audit-selftest-") as folder,
            open_backend(execution, self.observers.note) as backend,
        ):
            pending: deque[_Trial | MutantResult] = deque()
            for audited in backend.map(
                partial(_audited, self.request), self._variants(Path(folder), pending)
            ):
                yield from _results_before(pending)
                yield self._result(pending.popleft(), audited)
            yield from _results_before(pending)

    def _variants(self, folder: Path, pending: "deque[_Trial | MutantResult]") -> "Iterator[_Variant]":
        """Yield the mutants that could be made; append the trials of all, or results without one, to ``pending``."""
        for number, mutant in enumerate(mutants(read_candidate(self._subject))):
            trial: _Trial | MutantResult
            if isinstance(mutant, Mutant):
                trial = self._trial(mutant, folder / str(number))
            else:
                trial = MutantResult(variant=mutant.name, about="", outcome="left out", reason=mutant.reason)
            pending.append(trial)
            if isinstance(trial, _Trial):
                self.observers.progress(trial.mutant.name, 0, 1)
                yield _Variant(trial.mutant.name, trial.policy)

    def _trial(self, mutant: Mutant, folder: Path) -> "_Trial | MutantResult":
        folder.mkdir()
        try:
            return _Trial(mutant, make_mutant(mutant, self.request.policy, self._subject, folder), folder)
        except CannotMutate as error:
            return replace(_missed(mutant), outcome="not made", reason=str(error))
        except AuditError as error:
            return _without_report(mutant, folder, error)

    def _result(self, trial: "_Trial | MutantResult", audited: "_Audited") -> MutantResult:
        assert isinstance(trial, _Trial)  # nothing else is audited
        mutant = trial.mutant
        for crash in audited.crashes:
            self.observers.crash(*crash)
        if isinstance(audited.report, AuditError):
            return _without_report(mutant, trial.folder, audited.report)
        self.observers.progress(mutant.name, 1, 1)
        verdicts = rule_verdicts(self.candidate, audited.report, mutant.masks)
        result = replace(_missed(mutant), rules=verdicts)
        if is_caught(verdicts.values()):
            rules = [rule for rule, verdict in verdicts.items() if verdict in CATCHING]
            return replace(result, outcome="caught", caught_by=rules)
        if "crashed" in verdicts.values():
            return replace(result, outcome="not measured", reason=_crashes(audited.report))
        return result


class _Trial(NamedTuple):
    """A mutant, the policy that audits it, and the folder of its files."""

    mutant: Mutant
    policy: ResolvedPolicy
    folder: Path


class _Variant(NamedTuple):
    """A mutant as another process audits it."""

    name: str
    policy: ResolvedPolicy

    def __str__(self) -> str:
        return f"the variant {self.name}"


class _Audited(NamedTuple):
    """The report on a mutant, or the error of its audit, and the checks that crashed with their tracebacks."""

    report: Report | AuditError
    crashes: list[tuple[str, str]]


def _audited(request: AuditRequest, variant: _Variant) -> _Audited:
    """Audit a mutant, in whichever process."""
    crashes: list[tuple[str, str]] = []
    try:
        report = _audit(request, variant.policy, lambda *crash: crashes.append(crash))
    except AuditError as error:
        return _Audited(error, crashes)
    return _Audited(report, crashes)


def _audit(request: AuditRequest, policy: ResolvedPolicy, crash: Crash) -> Report:
    """Audit by the checks that the rules name, in this process."""
    checks = sorted({rule.check for rule in policy.rules})
    policy = policy.model_copy(update={"execution": ExecutionSpec()})
    return run_audit(replace(request, policy=policy, only=checks), Observers(crash=crash))


def _missed(mutant: Mutant) -> MutantResult:
    return MutantResult(variant=mutant.name, about=mutant.about, outcome="missed", advice=mutant.advice)


def _without_report(mutant: Mutant, folder: Path, error: AuditError) -> MutantResult:
    """Return the result of a mutant that could not be audited."""
    message = f"{error.where}: expected {error.expected}, found {error.found}"
    reason = message.replace(str(folder), "the variant")  # equal trials give equal results
    refused = isinstance(error, ScoresRefused)  # any other error is a fault of the trial
    return replace(_missed(mutant), outcome="refused" if refused else "not measured", reason=reason)


def _results_before(pending: "deque[_Trial | MutantResult]") -> Iterator[MutantResult]:
    """Yield and remove the results that stand before the next trial."""
    while pending and isinstance(result := pending[0], MutantResult):
        pending.popleft()
        yield result


def _crashes(report: Report) -> str:
    crashed = [check for check in report.checks if check.status == "crashed"]
    return "; ".join(f"the check {check.name} crashed: {check.reason}" for check in crashed)
