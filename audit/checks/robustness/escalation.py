"""Attacks of an audit: those requested, and if these prove nothing, all others as well."""

from dataclasses import dataclass, replace

from audit.attacks import ATTACKS, AttackSpec, Plan
from audit.attacks.batch import Batch
from audit.attacks.outcomes import Outcome
from audit.attacks.run import attack
from audit.attacks.table import SMOOTHED, evaluations
from audit.attacks.threat_model import LogOddsFunction, Norm, ThreatModel
from audit.checks.robustness import gradient_sources
from audit.checks.robustness.attacked_rows import AttackedRows, true_classes
from audit.checks.robustness.budget import Budget
from audit.checks.robustness.gradient_probe import GradientProbe
from audit.checks.robustness.gradient_sources import GradientSource
from audit.checks.robustness.notes import MAX_BLACK_BOX_ROWS, notes_on_gradients, notes_on_rows
from audit.checks.robustness.sanity_suite import SanityVerdict, run_sanity_tests
from audit.checks.robustness.sanity_tests import Finding, test_score_resolution
from audit.inputs.features import Rows
from audit.model.graph.multiply_adds import short_number
from audit.subject.subject import Subject

_MAX_BATCH_ROWS = 8192
_MAX_BATCH_VALUES = 2**21
_MIN_BATCH_ROWS = 32
_MAX_BATCH_COST = 5e10
"""Multiply-adds of a batch: some seconds of one core."""
_RESCORED_ROWS = 256
"""Rows whose scores are looked at for whether these are bare labels."""


def run_attacks(
    subject: Subject, threat_model: ThreatModel, norm: Norm, plan: Plan, budget: Budget
) -> AttackedRows:
    """Attack the model's own decisions on the sampled rows, and test the evidence.

    Without gradients, a black-box attack takes the place of those that follow them. If gradients miss something, or
    other means outdo the attacks, all others run as well: the model itself decides what flips, so that every attack
    counts.

    Raises:
        AuditError: the model has no score for an adversarial row.
    """
    plan = replace(plan, attacks=list(dict.fromkeys(plan.attacks)), eps=sorted(set(plan.eps)))
    needs_gradient = any(ATTACKS[name].follows_own_gradient for name in plan.attacks)
    exact = gradient_sources.exact_gradient(subject, threat_model, norm, budget) if needs_gradient else None
    attempt = _Attempt(subject, threat_model, norm, plan, budget, exact)
    if exact is None or exact.probe.sound:
        attacked = attempt.run()
        if attacked.verdict is None or attacked.verdict.valid:
            return attacked
        attempt = replace(attempt, before=tuple(attacked.verdict.findings))
    return attempt.escalated().run()


@dataclass(frozen=True)
class _Attempt:
    """Attacks to run: those of ``plan``, along the ``exact`` gradient and the ``surrogates``."""

    subject: Subject
    threat_model: ThreatModel
    norm: Norm
    plan: Plan
    budget: Budget
    exact: GradientSource | None
    surrogates: tuple[GradientSource, ...] = ()
    log_odds: LogOddsFunction | None = None
    before: tuple[Finding, ...] = ()
    is_escalated: bool = False

    def escalated(self) -> "_Attempt":
        """Return an attempt with every attack that can run."""
        largest = max(self.plan.eps)
        fallbacks = gradient_sources.fallback_gradients(
            self.subject, self.threat_model, self.norm, self.exact, largest, self.budget
        )
        attempt = replace(
            self,
            surrogates=tuple(fallbacks.sources),
            before=(*(self.exact.probe.findings if self.exact else ()), *self.before),
            is_escalated=True,
        )
        lost = self.exact is not None and not self.exact.usable
        requested = [n for n in self.plan.attacks if not (lost and ATTACKS[n].follows_own_gradient)]
        further = [spec.name for spec in ATTACKS.values() if spec.escalates and attempt._can_run(spec)]
        logits = fallbacks.logits
        use_logits = logits is not None and logits.exact and self._labels_only()
        return replace(
            attempt,
            plan=replace(self.plan, attacks=list(dict.fromkeys([*requested, *further]))),
            log_odds=gradient_sources.surrogate_log_odds(self.subject, logits)
            if logits and use_logits
            else None,
        )

    def _can_run(self, spec: AttackSpec) -> bool:
        if self.threat_model.shape and not spec.on_images:
            return False
        return spec.follows != "gradient" or self._source_of(spec) is not None

    def _source_of(self, spec: AttackSpec) -> GradientSource | None:
        """Return the gradient that an attack along one follows; None if there is none."""
        if spec.gradient == "own":
            return self.exact if self.exact and self.exact.usable else None
        return next((s for s in self.surrogates if spec.gradient == "any" or s.name == spec.name), None)

    def run(self) -> AttackedRows:
        """Run the attacks and test them."""
        data = self.subject.features.data.sample(self._row_limit())
        specs = [ATTACKS[name] for name in self.plan.attacks]
        sources = {spec: self._source_of(spec) for spec in specs if spec.follows == "gradient"}
        own_gradient = next(
            (s.ascent for spec, s in sources.items() if s and spec.follows_own_gradient), None
        )
        rows = self._batch(data)
        step = (
            f"attacking {len(rows.x):,} rows within {short_number(self.budget.multiply_adds)} multiply-adds"
        )
        self.subject.progress(step, 0, 1)
        attacked = attack(
            rows,
            own_gradient,
            self.plan,
            batch_size=self._batch_rows(rows.x.shape[1]),
            surrogates={spec.name: s.ascent for spec, s in sources.items() if s},
            backend=self.subject.backend,
        )
        self.subject.progress(step, 1, 1)
        probe = self.exact.probe if self.exact else GradientProbe()
        unproven = [
            s.name for s in specs if not s.on_request or (probe.misleading and s.follows_own_gradient)
        ]
        row_notes = notes_on_rows(len(rows.x), self.subject, self.plan, self.budget)
        return AttackedRows(
            rows=data.index,
            batch=rows,
            right=rows.classes == true_classes(self.subject)[data.index],
            outcomes=attacked.outcomes,
            zero_gradient={} if probe.misleading else attacked.zero_gradient,
            withheld=frozenset(unproven),
            notes=[*row_notes, *notes_on_gradients(probe)],
            verdict=self._verdict(rows, attacked.outcomes),
            before=self.before,
            escalated=self.is_escalated,
        )

    def _batch_rows(self, columns: int) -> int:
        """Return the size of batches: of costly models they are small, so that there are enough for many workers."""
        cost = max(1, evaluations(self.plan)) * self.budget.of_row
        affordable = max(_MIN_BATCH_ROWS, int(_MAX_BATCH_COST / cost))
        return max(1, min(_MAX_BATCH_ROWS, _MAX_BATCH_VALUES // columns, affordable))

    def _batch(self, data: Rows) -> Batch:
        predictor = self.subject.predictor
        log_odds = self.log_odds or predictor.log_odds
        observed = self.subject.features.background.matrix
        classes = predictor(data.matrix)
        return Batch(
            data.matrix, classes, self.threat_model, self.norm, predictor, log_odds, observed, data.keys
        )

    def _verdict(self, rows: Batch, outcomes: list[Outcome]) -> SanityVerdict | None:
        if all(ATTACKS[outcome.attack].is_control for outcome in outcomes):
            return None
        sources = [
            source
            for source in (self.exact, *self.surrogates)
            if source and source.usable and source.name != SMOOTHED.name
        ]
        best = min(sources, key=lambda source: not source.probe.sound, default=None)
        return run_sanity_tests(self.subject, rows, self.plan, outcomes, best, self.budget)

    def _labels_only(self) -> bool:
        """Return whether the scores of some rows hold no more than the decision."""
        matrix = self.subject.features.data.matrix
        sample = matrix[:: -(-len(matrix) // _RESCORED_ROWS)]
        columns = int(self.threat_model.movable.sum())
        return bool(test_score_resolution(self.subject.predictor.log_odds(sample)[0], columns).doubt)

    def _row_limit(self) -> int:
        """Return how many of the sampled rows are attacked: by costly attacks only some."""
        limit = len(self.subject.features.data.matrix)
        if any(ATTACKS[name].follows == "scores" for name in self.plan.attacks):
            limit = min(limit, MAX_BLACK_BOX_ROWS)
        return self.budget.rows("attacks", evaluations(self.plan), limit)
