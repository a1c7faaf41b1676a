"""Judges what attacks found by other means: noise, values of the background, and a search that follows no gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audit.attacks import Attack, Batch, Beside, Outcome, Plan, attack
from audit.checks.robustness import sanity_tests as evidence
from audit.checks.robustness.gradient_sources import Lead
from audit.checks.robustness.sanity_tests import Finding
from audit.errors import AuditError
from audit.subject.subject import Subject

_ROWS, _PICTURES = 256, 32
_QUERIES, _FEW = 200, 100
"""Scores of a row that the probe asks for, and of a picture."""
_DRAWN = 8
"""Rows of the background whose values each row takes on, one after another."""


@dataclass(frozen=True)
class Judged:
    """What was found of the attacks together.

    ``findings`` stand in the report; ``valid`` says whether what no attack flipped counts for something. ``gradient``
    and ``search`` say so of the attacks along the gradient, and of the black box.
    """

    findings: list[Finding]
    gradient: bool
    search: bool

    @property
    def valid(self) -> bool:
        """Whether attacks of at least one kind proved themselves, and nothing beat them all."""
        return self.gradient or self.search


def judged(
    subject: Subject, rows: Batch, plan: Plan, outcomes: Sequence[Outcome], lead: Lead | None
) -> Judged:
    """Judge the attacks on ``rows``.

    Args:
        subject: the audited model on its data.
        rows: those that were attacked.
        plan: what ran.
        outcomes: what came of it.
        lead: the best gradient that was followed; None where none was.
    """
    sample = _Sample(subject, rows, plan, outcomes, lead)
    together, alone = [*_noise(outcomes), sample.reach(), *sample.outdone()], _single(outcomes)
    own = list(lead.gradient.findings) if lead else []
    columns = int(rows.space.movable.sum())
    blind = [evidence.told_apart(sample.weighed(), columns)] if "square" in plan.attacks else []
    stands = not any(finding.doubt for finding in together)
    followed = lead is not None and lead.gradient.sound and not any(finding.doubt for finding in alone)
    searched = any(finding.verdict == "holds" for finding in blind)
    return Judged([*own, *alone, *together, *blind], stands and followed, stands and searched)


def _noise(outcomes: Sequence[Outcome]) -> list[Finding]:
    """Compare noise with all searches of the same size; the size at which noise does best stands for all."""
    flips = {o.eps: o.flipped for o in outcomes if o.attack == "noise" and o.eps > 0}
    found = [
        evidence.beaten("noise", noise, "the attacks", _any(o for o in outcomes if _is_search(o, eps)))
        for eps, noise in flips.items()
    ]
    return _most(found)


def _single(outcomes: Sequence[Outcome]) -> list[Finding]:
    one, many = ({o.eps: o.flipped for o in outcomes if o.attack == name} for name in ("fgsm", "pgd"))
    return _most(
        [evidence.beaten("FGSM", one[eps], "PGD", many[eps]) for eps in one.keys() & many.keys() if eps > 0]
    )


def _most(found: Sequence[Finding]) -> list[Finding]:
    worst = max(found, key=lambda finding: finding.span or (0.0, 0.0), default=None)
    return [worst] if worst else []


def _any(outcomes: Iterable[Outcome]) -> np.ndarray:
    return np.asarray(np.logical_or.reduce([outcome.flipped for outcome in outcomes]))


def _is_search(outcome: Outcome, eps: float) -> bool:
    return outcome.attack != "noise" and outcome.eps == eps


class _Sample:
    """Some of the attacked rows, at even distances, and what is tried on them."""

    def __init__(
        self, subject: Subject, rows: Batch, plan: Plan, outcomes: Sequence[Outcome], lead: Lead | None
    ) -> None:
        most = _PICTURES if rows.space.shape else _ROWS
        at = np.linspace(0, len(rows.x) - 1, min(len(rows.x), most)).astype(int)
        self._subject, self._plan, self._lead = subject, plan, lead if lead and lead.gradient.sound else None
        self._ascent = lead.ascent if lead else None
        self._rows = rows.take(at)
        sizes = sorted({size for size in plan.eps if size > 0}) or [0.0]
        self._eps = sizes[len(sizes) // 2]
        self._stood = np.flatnonzero(~_any(o for o in outcomes if o.eps <= self._eps)[at])

    def reach(self) -> Finding:
        """Attack with room for all values of the background those rows that some of these values flip."""
        by_values = self._by_values()
        if by_values is None:
            return evidence.unscored()
        rows, found = np.flatnonzero(by_values), np.zeros(len(by_values), bool)
        if len(rows):
            space = self._rows.space
            room = (space.high - space.low)[space.movable] / space.scale[space.movable]
            whole = float(room.max() if self._rows.norm == "inf" else np.linalg.norm(room))
            found[rows] = self._attacked(rows, sorted({self._eps, 1.0, whole}), _FEW)
        return evidence.reach(by_values, found)

    def outdone(self) -> Iterator[Finding]:
        """Search rows that stood: by scores, for longer where evidence rests on that, and from the border."""
        again, picture = self._lead is None, self._rows.space.shape is not None
        queries = 2 * self._plan.queries if again else _FEW if picture else _QUERIES
        name = "a longer black-box search" if again else "a black-box search"
        yield self._others(name, lambda rows: self._searched(rows, [self._eps], queries))
        if ascent := self._ascent:
            name = "a walk along the border by gradient"
            yield self._others(name, lambda rows: self._bordered(rows, "border", {"border": ascent}))
        if not picture:
            name = "a walk along the border by decisions"
            yield self._others(name, lambda rows: self._bordered(rows, "decisions", {}))

    def _others(self, name: str, search: Callable[[np.ndarray], np.ndarray]) -> Finding:
        flipped = np.zeros(len(self._rows.x), bool)
        if self._eps and len(self._stood):
            flipped[self._stood] = search(self._stood)
        return evidence.outdone(name, flipped)

    def _bordered(self, rows: np.ndarray, name: Attack, beside: Beside) -> np.ndarray:
        plan = Plan([name], [self._eps], self._plan.seed + 1)
        return attack(self._rows.take(rows), None, plan, batch=len(rows), beside=beside).outcomes[-1].flipped

    def weighed(self) -> np.ndarray:
        """Return the log-odds that guided the search, of the rows and of those that noise makes of them."""
        assert self._rows.log_odds is not None
        drawn = np.random.default_rng(self._plan.seed).choice([-1.0, 1.0], self._rows.x.shape)
        moved, _ = self._rows.tried(self._eps * drawn, self._eps)
        return np.concatenate([self._rows.log_odds(x)[0] for x in (self._rows.x, moved)])

    def _by_values(self) -> np.ndarray | None:
        background, rows = self._subject.features.background.matrix, self._rows
        free, flipped = rows.space.free(rows.x), np.zeros(len(rows.x), bool)
        rng = np.random.default_rng(self._plan.seed)
        for _ in range(_DRAWN):
            values = background[rng.integers(0, len(background), len(rows.x))]
            moved = np.where(free & np.isfinite(values), values, rows.x).astype(rows.x.dtype)
            try:
                flipped |= rows.judge(moved) != rows.classes
            except AuditError:
                return None
        return flipped

    def _attacked(self, rows: np.ndarray, sizes: list[float], queries: int) -> np.ndarray:
        """Return which rows an attack of the kind that the evidence rests on flips at the largest size."""
        if self._lead is None:
            return self._searched(rows, sizes, queries)
        beside: Beside = {} if self._lead.name == "pgd" else {self._lead.name: self._lead.ascent}
        plan = replace(self._plan, attacks=[self._lead.name], eps=sizes)
        ran = attack(self._rows.take(rows), self._lead.ascent, plan, batch=len(rows), beside=beside)
        return ran.outcomes[-1].flipped

    def _searched(self, rows: np.ndarray, sizes: list[float], queries: int) -> np.ndarray:
        plan = Plan(["square"], sizes, self._plan.seed + 1, queries=queries)
        return attack(self._rows.take(rows), None, plan, batch=len(rows)).outcomes[-1].flipped
