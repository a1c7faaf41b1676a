"""Runs an audit: loads the subject, runs each check separately, decides, and builds the report."""

import time
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from audit.audit_log.ledger import History, identify
from audit.check import Check, build_checks, offers_of, require_installed
from audit.check.entry_points import is_plug_in
from audit.check.isolation import private_view, process_state_restored
from audit.check.run import Crash, run_check
from audit.comparison.check_results import BUDGETED, ModelPair, checks_to_compare, with_baseline
from audit.conclusion.assembly import conclude
from audit.conclusion.facts import AuditFacts, Measured
from audit.conclusion.observers import Observers
from audit.execution import Backend, execution_facts, open_backend
from audit.policy.gate_spec import require_short, today
from audit.policy.model import ResolvedPolicy
from audit.policy.resolution import for_several_classes, metric_facts
from audit.provenance.environment import command, environment
from audit.result import CheckResult, PolicyFacts, Report, Scalar
from audit.subject.baseline import of_the_baseline
from audit.subject.loading import load_subjects
from audit.subject.predictions import Classified
from audit.subject.subject import Subject


@dataclass(frozen=True, kw_only=True)
class AuditRequest:
    """Everything that determines an audit, apart from the files that the policy names.

    Args:
        policy: resolved policy.
        seed: seed of everything that is drawn at random.
        on: date that waivers are judged by.
        only: names of the checks to run; empty means all.
        overrides: ``key.path=value`` texts that ``policy`` was changed by, for `command`.
        flags: command-line options that replaced a policy file, for `command`.
    """

    policy: ResolvedPolicy
    seed: int = 0
    on: date = field(default_factory=today)
    only: Sequence[str] = ()
    overrides: Sequence[str] = ()
    flags: Sequence[str] = ()

    @property
    def command(self) -> str:
        """The command line that repeats the audit; empty if the policy was built in memory."""
        return command(
            self.policy.path, seed=self.seed, on=self.on, only=self.only,
            overrides=self.overrides, instead=self.flags,
        )  # fmt: skip


def run_audit(request: AuditRequest, observers: Observers, history: History | None = None) -> Report:
    """Measure and decide.

    Args:
        request: policy, seed, date and checks.
        observers: callbacks.
        history: history to count the audit in; without it, ``gate.max_audits`` is inconclusive.

    Raises:
        AuditError: data or model cannot be audited, or ``only`` names a check that is not installed.
    """
    return conclude(measure(request, observers), history)


def measure(request: AuditRequest, observers: Observers, done: Container[str] = ()) -> Measured:
    """Score every row and run each check separately, except those ``done`` already.

    Raises:
        AuditError: as `run_audit`.
    """
    policy = request.policy
    require_short(policy.waivers, policy.gate, request.on)
    for name in request.only:
        require_installed(name, f"--only {name}")
    with open_backend(policy.execution, observers.note) as backend:
        return _measure(request, observers, done, backend)


def _measure(request: AuditRequest, observers: Observers, done: Container[str], backend: Backend) -> Measured:
    policy = request.policy
    started = datetime.now(UTC)
    clock = _Clock()
    observers.step(f"loading the data {policy.data.path} and the model {policy.model.path}")
    subject, baseline = load_subjects(policy, observers.progress, request.seed, observers.opened, backend)
    if isinstance(subject.scores, Classified) and len(subject.scores.classes) > 2:
        policy = for_several_classes(policy)
        request = replace(request, policy=policy)
    if baseline and checks_to_compare(policy) & BUDGETED:  # both on as many rows
        subject.compared.append(baseline)
        baseline.compared.append(subject)
    checks = {
        name: check
        for name, check in build_checks(policy).items()
        if not request.only or name in request.only
    }
    facts = _facts(request, subject, baseline, checks, execution_facts(backend))
    observers.scored(facts, clock.lap("load"))
    results = []
    for name, check in checks.items():
        if name in done:
            continue
        observers.progress(name, 0, 1)
        with process_state_restored(is_plug_in(name)):
            results.append(_run_on_both(name, check, subject, baseline, policy, observers.crash))
        subject.files.require_unchanged()  # workers may have loaded the model while the check ran
        observers.finished(results[-1], clock.lap(name))
        observers.progress(name, 1, 1)
    return Measured(facts=facts, results=results, started=started.isoformat(), seconds=clock.laps)


def _run_on_both(
    name: str, check: Check, subject: Subject, baseline: Subject | None, policy: ResolvedPolicy, crash: Crash
) -> CheckResult:
    """Run one check on the candidate, and where it is compared, on the baseline; a plug-in sees copies of both."""
    confidence = policy.gate.confidence
    view = private_view if is_plug_in(name) else lambda subject: subject
    traced = run_check(name, check, view(subject), confidence, crash)
    if baseline is None or traced.result.status != "measured" or name not in checks_to_compare(policy):
        return traced.result
    with of_the_baseline():
        other = run_check(name, check, view(baseline), confidence, crash)
    return with_baseline(ModelPair(subject, baseline), traced, other, confidence, crash)


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> float:
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 3)
        self._last = now
        return self.laps[name]


def _facts(
    request: AuditRequest,
    subject: Subject,
    baseline: Subject | None,
    checks: Mapping[str, Check],
    execution: Mapping[str, Scalar],
) -> AuditFacts:
    policy = request.policy
    against = baseline.model_facts if baseline else None
    return AuditFacts(
        model=subject.model_facts,
        data=subject.data_facts,
        policy=PolicyFacts(
            path=policy.path,
            digest=policy.digest,
            effective=policy.effective(),
            default_rules=policy.default_rules,
            command=request.command,
        ),
        identity=identify(policy, subject.model_facts, subject.data_facts, against, request.seed),
        environment=environment(request.seed, request.on.isoformat()),
        checks={name: check.summary for name, check in checks.items()},
        metrics=metric_facts(offers_of(policy)),
        baseline=against,
        warnings=subject.warnings,
        rule_lines=policy.rule_lines,
        execution=dict(execution),
    )
