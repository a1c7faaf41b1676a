"""The self-test of a policy: audits the mutants of the candidate, and reports which of them its rules catch."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from audit.errors import AuditError, ScoresRefused
from audit.mutants.candidate import read_candidate
from audit.mutants.catalogue import mutants
from audit.mutants.mutant import CannotMutate, Mutant
from audit.mutants.result import Selftest, Tried
from audit.mutants.trial import make_mutant
from audit.mutants.verdicts import CATCHING, is_caught, rule_verdicts
from audit.policy.model import ResolvedPolicy
from audit.result import Report
from audit.runner import run_audit
from audit.subject.scoring import Progress
from audit.subject.subject import Subject, load_subject


def run_selftest(
    policy: ResolvedPolicy, *, seed: int, on: date, progress: Progress, crash: Callable[[str, str], None]
) -> Selftest:
    """Audit the candidate and its mutants; files are written to a temporary directory only.

    Args:
        policy: a resolved policy.
        seed: seed of all random numbers.
        on: the date on which waivers must be valid.
        progress: callback of the name of the mutant that is being audited.
        crash: callback of the name and traceback of a check that crashed.

    Raises:
        AuditError: the policy has no rules, or the candidate cannot be audited.
    """
    if not policy.rules:
        raise AuditError(
            where="gate.rules",
            expected="rules, to try on broken variants of the model",
            found="none",
            fix="add rules; 'audit init' writes some to start from",
        )
    gate = policy.gate.model_copy(update={"max_audits": None})  # no mutant is a candidate
    trials = _Trials(policy.model_copy(update={"gate": gate}), seed, on, progress, crash)
    candidate = trials.candidate.rules
    return Selftest(policy=policy.digest, seed=seed, candidate=candidate, variants=list(trials.results()))


@dataclass(frozen=True)
class _Trials:
    """Audits of the candidate and of its mutants, with one seed and date."""

    policy: ResolvedPolicy
    seed: int
    on: date
    progress: Progress
    crash: Callable[[str, str], None]

    @cached_property
    def candidate(self) -> Report:
        return self._audit("candidate", self.policy)

    @cached_property
    def _subject(self) -> Subject:
        return load_subject(self.policy, _silent, self.seed)

    def results(self) -> Iterator[Tried]:
        for mutant in mutants(read_candidate(self._subject)):
            if isinstance(mutant, Mutant):
                with tempfile.TemporaryDirectory(prefix="audit-selftest-") as folder:
                    yield self._result(mutant, Path(folder))
            else:
                yield Tried(variant=mutant.name, about="", outcome="left out", reason=mutant.reason)

    def _result(self, mutant: Mutant, folder: Path) -> Tried:
        result = Tried(variant=mutant.name, about=mutant.about, outcome="missed", advice=mutant.advice)
        try:
            report = self._audit(mutant.name, make_mutant(mutant, self.policy, self._subject, folder))
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
        self.progress(name, 0, 1)
        report = run_audit(
            policy,
            seed=self.seed,
            on=self.on,
            only=sorted({rule.metric.partition(".")[0] for rule in policy.rules}),
            command="",
            progress=_silent,  # a line a mutant is enough
            crash=self.crash,
        )
        self.progress(name, 1, 1)
        return report


def _silent(step: str, done: int, total: int) -> None:
    """Report no progress."""


def _crashes(report: Report) -> str:
    crashed = [check for check in report.checks if check.status == "crashed"]
    return "; ".join(f"the check {check.name} crashed: {check.reason}" for check in crashed)
