"""Sanity suite of an audit's attacks: noise, values of the background, and searches by other means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audit.attacks import ATTACKS, AttackSpec, Plan
from audit.attacks.batch import Batch
from audit.attacks.outcomes import Outcome, flipped_by_any
from audit.attacks.run import Surrogates, attack
from audit.attacks.table import BORDER, DECISIONS, SQUARE
from audit.checks.robustness import sanity_tests
from audit.checks.robustness.gradient_probe import sample_size
from audit.checks.robustness.gradient_sources import GradientSource
from audit.checks.robustness.sanity_tests import Finding
from audit.errors import AuditError
from audit.subject.subject import Subject

_QUERIES = 200
_IMAGE_QUERIES = 100
"""Scores of an image that a search asks for, and of any row that an unbounded one does."""
_BACKGROUND_DRAWS = 8
"""Rows of the background whose values each row takes on, one after another."""


@dataclass(frozen=True)
class SanityVerdict:
    """The findings on the attacks together, and whether unflipped rows count as evidence of robustness.

    ``gradient`` and ``search`` are whether they do under attacks along the gradient, and under the black box.
    """

    findings: list[Finding]
    gradient: bool
    search: bool

    @property
    def valid(self) -> bool:
        """Whether attacks of at least one kind passed their tests, and nothing outdid them all."""
        return self.gradient or self.search


def run_sanity_tests(
    subject: Subject, rows: Batch, plan: Plan, outcomes: Sequence[Outcome], source: GradientSource | None
) -> SanityVerdict:
    """Test the attacks on ``rows``.

    Args:
        subject: the audited model on its data.
        rows: the attacked rows.
        plan: the attacks that ran.
        outcomes: their outcomes.
        source: the best gradient that was followed; None if none was.
    """
    sample = _Sample(subject, rows, plan, outcomes, source)
    on_all = [*_against_noise(outcomes), sample.test_unbounded(), *sample.test_searches()]
    on_gradient = _against_weaker(outcomes)
    on_search = []
    if any(ATTACKS[name].proven_by == "search" for name in plan.attacks):
        columns = int(rows.threat_model.movable.sum())
        on_search = [sanity_tests.test_score_resolution(sample.log_odds(), columns)]
    holds = not any(finding.doubt for finding in on_all)
    return SanityVerdict(
        findings=[*(source.probe.findings if source else ()), *on_gradient, *on_all, *on_search],
        gradient=holds
        and source is not None
        and source.probe.sound
        and not any(finding.doubt for finding in on_gradient),
        search=holds and any(finding.verdict == "holds" for finding in on_search),
    )


def _against_noise(outcomes: Sequence[Outcome]) -> list[Finding]:
    """Compare the control with all searches of the same size."""
    controls = [o for o in outcomes if ATTACKS[o.attack].is_control and o.eps > 0]
    searches = [o for o in outcomes if not ATTACKS[o.attack].is_control]
    return _worst(
        sanity_tests.test_against_weaker(
            ATTACKS[control.attack].label,
            control.flipped,
            "the attacks",
            flipped_by_any(o for o in searches if o.eps == control.eps),
        )
        for control in controls
    )


def _against_weaker(outcomes: Sequence[Outcome]) -> list[Finding]:
    """Compare each attack that must be stronger than another one with it, size by size."""
    flipped = {(o.attack, o.eps): o.flipped for o in outcomes if o.eps > 0}
    findings = []
    for spec in ATTACKS.values():
        weaker = spec.stronger_than
        pairs = [
            (eps, f) for (name, eps), f in flipped.items() if name == spec.name and (weaker, eps) in flipped
        ]
        findings += _worst(
            sanity_tests.test_against_weaker(
                ATTACKS[weaker].label, flipped[weaker, eps], spec.label, stronger
            )
            for eps, stronger in pairs
            if weaker
        )
    return findings


def _worst(findings: Iterator[Finding]) -> list[Finding]:
    """Return the finding at the size at which the weaker attack does best."""
    worst = max(findings, key=lambda finding: finding.interval or (0.0, 0.0), default=None)
    return [worst] if worst else []


class _Sample:
    """Some of the attacked rows, at even distances, for the tests that attack again."""

    def __init__(
        self,
        subject: Subject,
        rows: Batch,
        plan: Plan,
        outcomes: Sequence[Outcome],
        source: GradientSource | None,
    ) -> None:
        count = min(len(rows.x), sample_size(rows.threat_model))
        index = np.linspace(0, len(rows.x) - 1, count).astype(int)
        self._background = subject.features.background.matrix
        self._plan = plan
        self._source = source
        self._rests_on_gradient = source is not None and source.probe.sound
        self._rows = rows.take(index)
        epsilons = sorted({eps for eps in plan.eps if eps > 0}) or [0.0]
        self._eps = epsilons[len(epsilons) // 2]
        self._unflipped = np.flatnonzero(~flipped_by_any(o for o in outcomes if o.eps <= self._eps)[index])

    def test_unbounded(self) -> Finding:
        """Attack the rows that values of the background flip, with room for all of these values."""
        by_values = self._flipped_by_values()
        if by_values is None:
            return sanity_tests.untestable()
        flipped = np.zeros(len(by_values), bool)
        if by_values.any():
            space = self._rows.threat_model
            room = (space.high - space.low)[space.movable] / space.scale[space.movable]
            unbounded = float(room.max() if self._rows.norm == "inf" else np.linalg.norm(room))
            flipped[by_values] = self._attack_as_evidence(
                np.flatnonzero(by_values), sorted({self._eps, 1.0, unbounded})
            )
        return sanity_tests.test_unbounded_attack(by_values, flipped)

    def test_searches(self) -> Iterator[Finding]:
        """Search unflipped rows: by scores, for longer if the evidence rests on that, and along the boundary."""
        is_image = self._rows.threat_model.shape is not None
        name = "a black-box search"
        queries = _IMAGE_QUERIES if is_image else _QUERIES
        if not self._rests_on_gradient:
            name = "a longer black-box search"
            queries = 2 * self._plan.queries
        yield self._test_search(name, SQUARE, queries=queries)
        if self._source:
            surrogates = {BORDER.name: self._source.ascent}
            yield self._test_search("a walk along the border by gradient", BORDER, surrogates)
        if not is_image:
            yield self._test_search("a walk along the border by decisions", DECISIONS)

    def _test_search(
        self, name: str, spec: AttackSpec, surrogates: Surrogates | None = None, queries: int = 500
    ) -> Finding:
        flipped = np.zeros(len(self._rows.x), bool)
        if self._eps and len(self._unflipped):
            flipped[self._unflipped] = self._search(self._unflipped, spec, [self._eps], queries, surrogates)
        return sanity_tests.test_independent_search(name, flipped)

    def log_odds(self) -> np.ndarray:
        """Return the log-odds that guided the search, of the rows and of the same rows with noise."""
        assert self._rows.log_odds is not None
        noise = np.random.default_rng(self._plan.seed).choice([-1.0, 1.0], self._rows.x.shape)
        noisy = self._rows.perturb(self._eps * noise, self._eps).adversarial
        return np.concatenate([self._rows.log_odds(x)[0] for x in (self._rows.x, noisy)])

    def _flipped_by_values(self) -> np.ndarray | None:
        """Return which rows values of some background rows flip; None if the model has no scores for these."""
        rows = self._rows
        free = rows.threat_model.free(rows.x)
        flipped = np.zeros(len(rows.x), bool)
        rng = np.random.default_rng(self._plan.seed)
        for _ in range(_BACKGROUND_DRAWS):
            values = self._background[rng.integers(0, len(self._background), len(rows.x))]
            candidates = np.where(free & np.isfinite(values), values, rows.x).astype(rows.x.dtype)
            try:
                flipped |= rows.flips(candidates)
            except AuditError:
                return None
        return flipped

    def _attack_as_evidence(self, index: np.ndarray, epsilons: list[float]) -> np.ndarray:
        """Return which rows an attack of the kind that the evidence rests on flips at the largest size."""
        if self._source is None or not self._rests_on_gradient:
            return self._search(index, SQUARE, epsilons, _IMAGE_QUERIES)
        plan = replace(self._plan, attacks=[self._source.name], eps=epsilons)
        return self._attack(index, plan, {self._source.name: self._source.ascent})

    def _search(
        self,
        index: np.ndarray,
        spec: AttackSpec,
        epsilons: list[float],
        queries: int,
        surrogates: Surrogates | None = None,
    ) -> np.ndarray:
        plan = Plan([spec.name], epsilons, self._plan.seed + 1, queries=queries)
        return self._attack(index, plan, surrogates)

    def _attack(self, index: np.ndarray, plan: Plan, surrogates: Surrogates | None) -> np.ndarray:
        attacked = attack(self._rows.take(index), None, plan, batch_size=len(index), surrogates=surrogates)
        return attacked.outcomes[-1].flipped
