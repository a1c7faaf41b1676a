"""Sanity suite of an audit's attacks: noise, values of the background, and searches by other means."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np

from audit.attacks import ATTACKS, AttackSpec, Plan
from audit.attacks.batch import Batch
from audit.attacks.outcomes import Outcome, flipped_by_any
from audit.attacks.run import attack
from audit.attacks.table import BORDER, DECISIONS, PGD, SQUARE, evaluations
from audit.checks.robustness import sanity_tests
from audit.checks.robustness.budget import Budget
from audit.checks.robustness.gradient_probe import max_rows
from audit.checks.robustness.gradient_sources import GradientSource
from audit.checks.robustness.sanity_tests import Finding
from audit.errors import AuditError, MachineFault
from audit.execution import Backend
from audit.subject.subject import Subject

_QUERIES = 200
_IMAGE_QUERIES = 100
"""Scores of an image that a search asks for, and of any row that an unbounded one does."""
_MIN_ROWS = 16
"""Attacked rows that are tested whatever it costs: rows that no attack flipped are worth no more than their tests."""
_CONCURRENT_SEARCHES = 2
"""Each is a sequence of small calls, which leave a core free."""
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
    subject: Subject, rows: Batch, plan: Plan, outcomes: Sequence[Outcome], source: GradientSource | None,
    budget: Budget,
) -> SanityVerdict:  # fmt: skip
    """Test the attacks on ``rows``.

    Args:
        subject: the audited model on its data.
        rows: the attacked rows.
        plan: the attacks that ran.
        outcomes: their outcomes.
        source: the best gradient that was followed; None if none was.
        budget: the budget of the check.
    """
    sample = _Sample(subject, rows, plan, outcomes, source, budget)
    on_all = [
        *_against_noise(outcomes),
        sample.test_unbounded(),
        *sample.test_searches(subject.backend),
        *sample.test_categories(),
    ]
    on_gradient = _against_weaker(outcomes)
    on_search = []
    if any(ATTACKS[name].proven_by == "search" for name in plan.attacks):
        on_search = [
            sanity_tests.test_score_resolution(sample.log_odds(), int(rows.threat_model.movable.sum()))
        ]
    holds = not any(finding.doubt for finding in on_all)
    sound = source is not None and source.probe.sound and not any(finding.doubt for finding in on_gradient)
    findings = [*(source.probe.findings if source else ()), *on_gradient, *on_all, *on_search]
    guided = any(finding.verdict == "holds" for finding in on_search)
    return SanityVerdict(findings, gradient=holds and sound, search=holds and guided)


def _against_noise(outcomes: Sequence[Outcome]) -> list[Finding]:
    """Compare the control with all searches of the same size."""
    findings = []
    for control in outcomes:
        if ATTACKS[control.attack].is_control and control.eps > 0:
            same_eps = [o for o in outcomes if o.eps == control.eps and not ATTACKS[o.attack].is_control]
            label = ATTACKS[control.attack].label
            findings.append(
                sanity_tests.test_against_weaker(
                    label, control.flipped, "the attacks", flipped_by_any(same_eps)
                )
            )
    return _worst(findings)


def _against_weaker(outcomes: Sequence[Outcome]) -> list[Finding]:
    """Compare each attack with the one that it must be stronger than, size by size."""
    findings: dict[str, list[Finding]] = {}
    for weaker, stronger in product(outcomes, repeat=2):
        spec = ATTACKS[stronger.attack]
        if weaker.attack == spec.stronger_than and weaker.eps == stronger.eps > 0:
            label = ATTACKS[weaker.attack].label
            finding = sanity_tests.test_against_weaker(label, weaker.flipped, spec.label, stronger.flipped)
            findings.setdefault(spec.name, []).append(finding)
    return [finding for sizes in findings.values() for finding in _worst(sizes)]


def _worst(findings: Sequence[Finding]) -> list[Finding]:
    """Return the finding at the size at which the weaker attack does best."""
    worst = max(findings, key=lambda finding: finding.interval or (0.0, 0.0), default=None)
    return [worst] if worst else []


def _evaluations(plan: Plan, rows: Batch) -> int:
    """Return the most evaluations that the tests take for a row: an attack at three sizes, and searches at one."""
    is_image = rows.threat_model.shape is not None
    searches = [SQUARE.name, BORDER.name, *([] if is_image else [DECISIONS.name])]
    queries = _IMAGE_QUERIES if is_image else max(_QUERIES, 2 * plan.queries)
    at_one_size = replace(plan, attacks=searches, eps=plan.eps[:1], queries=queries)
    unbounded = replace(plan, attacks=[PGD.name], eps=[0.0, 1.0, 2.0])
    draws = _BACKGROUND_DRAWS * (2 if len(rows.threat_model.choices) > 1 else 1)
    return evaluations(at_one_size) + evaluations(unbounded) + draws


class _Sample:
    """Some of the attacked rows, at even distances, for the tests that attack again."""

    def __init__(
        self, subject: Subject, rows: Batch, plan: Plan, outcomes: Sequence[Outcome], source: GradientSource | None,
        budget: Budget,
    ) -> None:  # fmt: skip
        at_most = min(len(rows.x), max_rows(rows.threat_model))
        affordable = budget.rows("tests", _evaluations(plan, rows), at_most)
        count = max(affordable, min(at_most, _MIN_ROWS))
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
        by_values = self._flipped_by_any(self._with_values())
        if by_values is None:
            return sanity_tests.untestable()
        flipped = np.zeros(len(by_values), bool)
        if by_values.any():
            space = self._rows.threat_model
            room = (space.high - space.low)[space.movable] / space.scale[space.movable]
            unbounded = float(room.max() if self._rows.norm == "inf" else np.linalg.norm(room))
            epsilons = sorted({self._eps, 1.0, unbounded})
            flipped[by_values] = self._attack_as_evidence(np.flatnonzero(by_values), epsilons)
        return sanity_tests.test_unbounded_attack(by_values, flipped)

    def test_searches(self, backend: Backend) -> Iterator[Finding]:
        """Search unflipped rows: by scores, for longer if the evidence rests on that, and along the boundary."""
        is_image = self._rows.threat_model.shape is not None
        queries = _IMAGE_QUERIES if is_image else _QUERIES
        searches = {"a black-box search": SQUARE}
        if not self._rests_on_gradient:
            queries = 2 * self._plan.queries
            searches = {"a longer black-box search": SQUARE}
        if self._source:
            searches["a walk along the decision boundary by gradients"] = BORDER
        if not is_image:
            searches["a walk along the decision boundary by decisions"] = DECISIONS
        search = partial(self._search_attack, queries)
        flipped = backend.map(
            search, [spec.name for spec in searches.values()], concurrency=_CONCURRENT_SEARCHES
        )
        yield from map(sanity_tests.test_independent_search, searches, flipped)

    def _search_attack(self, queries: int, attack: str) -> np.ndarray:
        """Return which of all tested rows a search flips, bool ``(rows,)``."""
        flipped = np.zeros(len(self._rows.x), bool)
        if self._eps and len(self._unflipped):
            flipped[self._unflipped] = self._search(self._unflipped, ATTACKS[attack], [self._eps], queries)
        return flipped

    def test_categories(self) -> Iterator[Finding]:
        """Give unflipped rows other categories in all groups at once: attacks choose one group after the other."""
        if len(self._rows.threat_model.choices) < 2:  # of a single group, attacks try every category
            return
        by_categories = self._flipped_by_any(self._with_categories())
        if by_categories is None:
            yield sanity_tests.untestable()
            return
        flipped = np.zeros(len(by_categories), bool)
        if self._eps:
            flipped[self._unflipped] = by_categories[self._unflipped]
        yield sanity_tests.test_independent_search("a choice of categories of background rows", flipped)

    def log_odds(self) -> np.ndarray:
        """Return the log-odds that guided the search, of the rows and of the same rows with noise."""
        assert self._rows.log_odds is not None
        noise = np.random.default_rng(self._plan.seed).choice([-1.0, 1.0], self._rows.x.shape)
        noisy = self._rows.perturb(self._eps * noise, self._eps).adversarial
        return np.concatenate([self._rows.log_odds(x)[0] for x in (self._rows.x, noisy)])

    def _with_values(self) -> Iterator[np.ndarray]:
        """Yield the rows with the numbers of background rows, where these may move."""
        rows = self._rows
        free = rows.threat_model.free(rows.x)
        rng = np.random.default_rng(self._plan.seed)
        for _ in range(_BACKGROUND_DRAWS):
            values = self._background[rng.integers(0, len(self._background), len(rows.x))]
            yield np.where(free & np.isfinite(values), values, rows.x).astype(rows.x.dtype)

    def _with_categories(self) -> Iterator[np.ndarray]:
        """Yield the rows with categories of background rows, those of each group from another one."""
        rows = self._rows.x
        rng = np.random.default_rng(self._plan.seed)
        for _ in range(_BACKGROUND_DRAWS):
            candidates = rows.copy()
            for choice in self._rows.threat_model.choices:
                candidates[:, choice] = self._background[rng.integers(0, len(self._background), len(rows))][
                    :, choice
                ]
            yield candidates

    def _flipped_by_any(self, draws: Iterator[np.ndarray]) -> np.ndarray | None:
        """Return which rows the candidates of some draw flip; None if the model has no scores for these."""
        flipped = np.zeros(len(self._rows.x), bool)
        for candidates in draws:
            try:
                flipped |= self._rows.flips(candidates)
            except MachineFault:
                raise
            except AuditError:
                return None
        return flipped

    def _attack_as_evidence(self, index: np.ndarray, epsilons: list[float]) -> np.ndarray:
        """Return which rows an attack of the kind that the evidence rests on flips at the largest size."""
        if self._source is None or not self._rests_on_gradient:
            return self._search(index, SQUARE, epsilons, _IMAGE_QUERIES)
        return self._attack(index, replace(self._plan, attacks=[self._source.name], eps=epsilons))

    def _search(self, index: np.ndarray, spec: AttackSpec, epsilons: list[float], queries: int) -> np.ndarray:
        return self._attack(index, Plan([spec.name], epsilons, self._plan.seed + 1, queries=queries))

    def _attack(self, index: np.ndarray, plan: Plan) -> np.ndarray:
        ascent = self._source.ascent if self._source else None
        surrogates = dict.fromkeys(plan.attacks, ascent) if ascent else {}
        attacked = attack(self._rows.take(index), None, plan, batch_size=len(index), surrogates=surrogates)
        return attacked.outcomes[-1].flipped
