"""Proves what a policy catches: audits broken variants of the candidate under it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from audit.errors import AuditError
from audit.mutants.candidate import read_candidate
from audit.mutants.catalogue import variants
from audit.mutants.mutant import NotMade, Variant
from audit.mutants.result import Selftest, Tried
from audit.mutants.trial import make, refuses
from audit.mutants.verdicts import CATCHES, caught, judge
from audit.policy.model import ResolvedPolicy
from audit.result import Report
from audit.runner import run_audit
from audit.subject.scoring import Progress
from audit.subject.subject import Subject, load_subject


def run_selftest(
    policy: ResolvedPolicy, *, seed: int, on: date, progress: Progress, crash: Callable[[str, str], None]
) -> Selftest:
    """Audit the candidate and its variants; files are written to a temporary directory only.

    Args:
        policy: a resolved policy.
        seed: of everything that is drawn at random.
        on: the date that waivers are judged by.
        progress: told which variant is being audited.
        crash: told of a check that crashed.

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
    trials = _Trials(policy, seed, on, progress, crash)
    return Selftest(
        policy=policy.digest, seed=seed, candidate=trials.candidate.rules, variants=list(trials.all())
    )


class _Trials:
    def __init__(
        self,
        policy: ResolvedPolicy,
        seed: int,
        on: date,
        progress: Progress,
        crash: Callable[[str, str], None],
    ) -> None:
        self._seed, self._on, self._progress, self._crash = seed, on, progress, crash
        gate = policy.gate.model_copy(update={"max_audits": None})  # no variant is a candidate
        self._policy = policy.model_copy(update={"gate": gate})
        self.candidate = self._audit("candidate", self._policy)
        self._subject: Subject = load_subject(self._policy, lambda doing, done, total: None, seed)

    def all(self) -> Iterator[Tried]:
        for item in variants(read_candidate(self._subject)):
            if isinstance(item, Variant):
                with tempfile.TemporaryDirectory(prefix="audit-selftest-") as folder:
                    yield self._try(item, Path(folder))
            else:
                yield Tried(variant=item.name, about="", outcome="left out", reason=item.reason)

    def _try(self, variant: Variant, folder: Path) -> Tried:
        tried = Tried(variant=variant.name, about=variant.about, outcome="missed", advice=variant.advice)
        try:
            found = self._audit(variant.name, make(variant, self._policy, self._subject, folder))
        except NotMade as error:
            return replace(tried, outcome="not made", reason=str(error))
        except AuditError as error:
            said = f"{error.where}: expected {error.expected}, found {error.found}"
            reason = said.replace(str(folder), "the variant")  # equal trials give equal results
            return replace(tried, outcome="refused" if refuses(error) else "not measured", reason=reason)
        cells = judge(self.candidate, found, variant.masks)
        tried = replace(tried, rules=cells)
        if caught(list(cells.values())):
            by = [rule for rule, cell in cells.items() if cell in CATCHES]
            return replace(tried, outcome="caught", caught_by=by)
        if "crashed" in cells.values():
            return replace(tried, outcome="not measured", reason=_crashes(found))
        return tried

    def _audit(self, name: str, policy: ResolvedPolicy) -> Report:
        self._progress(name, 0, 1)
        report = run_audit(
            policy,
            seed=self._seed,
            on=self._on,
            only=sorted({rule.metric.partition(".")[0] for rule in policy.rules}),
            command="",
            progress=lambda doing, done, total: None,  # a line a variant is enough
            crash=self._crash,
        )
        self._progress(name, 1, 1)
        return report


def _crashes(report: Report) -> str:
    return "; ".join(
        f"the check {c.name} crashed: {c.reason}" for c in report.checks if c.status == "crashed"
    )
