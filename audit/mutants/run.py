"""The self-test of a policy: audits the mutants of the candidate, and reports which of them its rules catch."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from audit.conclusion.observers import Observers, ignore
from audit.errors import AuditError, ScoresRefused
from audit.mutants.candidate import read_candidate
from audit.mutants.catalogue import mutants
from audit.mutants.export import make_mutant
from audit.mutants.mutant import CannotMutate, Mutant
from audit.mutants.result import CATCHING, MutantResult, Selftest, is_caught, rule_verdicts
from audit.policy.model import ResolvedPolicy
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
        return self._audit("candidate", self.request.policy)

    @cached_property
    def _subject(self) -> Subject:
        return load_subject(self.request.policy, ignore, self.request.seed)

    def results(self) -> Iterator[MutantResult]:
        for mutant in mutants(read_candidate(self._subject)):
            if isinstance(mutant, Mutant):
                with tempfile.TemporaryDirectory(prefix="audit-selftest-") as folder:
                    yield self._result(mutant, Path(folder))
            else:
                yield MutantResult(variant=mutant.name, about="", outcome="left out", reason=mutant.reason)

    def _result(self, mutant: Mutant, folder: Path) -> MutantResult:
        result = MutantResult(variant=mutant.name, about=mutant.about, outcome="missed", advice=mutant.advice)
        try:
            report = self._audit(mutant.name, make_mutant(mutant, self.request.policy, self._subject, folder))
        except CannotMutate as error:
            return replace(result, outcome="not made", reason=str(error))
        except AuditError as error:
            message = f"{error.where}: expected {error.expected}, found {error.found}"
            reason = message.replace(str(folder), "the variant")  # equal trials give equal results
            refused = isinstance(error, ScoresRefused)  # any other error is a fault of the trial
            return replace(result, outcome="refused" if refused else "not measured", reason=reason)
        verdicts = rule_verdicts(self.candidate, report, mutant.masks)
        result = replace(result, rules=verdicts)
        if is_caught(verdicts.values()):
            rules = [rule for rule, verdict in verdicts.items() if verdict in CATCHING]
            return replace(result, outcome="caught", caught_by=rules)
        if "crashed" in verdicts.values():
            return replace(result, outcome="not measured", reason=_crashes(report))
        return result

    def _audit(self, name: str, policy: ResolvedPolicy) -> Report:
        checks = sorted({rule.metric.partition(".")[0] for rule in policy.rules})
        self.observers.progress(name, 0, 1)
        report = run_audit(
            replace(self.request, policy=policy, only=checks),
            Observers(crash=self.observers.crash),  # a line a mutant is enough
        )
        self.observers.progress(name, 1, 1)
        return report


def _crashes(report: Report) -> str:
    crashed = [check for check in report.checks if check.status == "crashed"]
    return "; ".join(f"the check {check.name} crashed: {check.reason}" for check in crashed)
