"""One number, what its uncertainty was computed from, and what the baseline model measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Scalar = bool | int | float | str


GROUP_KEYS = frozenset({"attribute", "group", "unprivileged", "privileged"})
"""Keys of ``where`` that speak of groups: a rule covers a group only when it names one of them."""


Better = Literal["higher", "lower", "ideal"]
"""Which values of a metric are better: higher ones, lower ones, or those nearer to its ideal value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the baseline model measured on the same rows, and how much better the candidate is.

    ``method``, ``counts`` and ``se`` are those of the baseline's own value. ``discordant`` has for each proportion in
    ``counts`` the rows that are an event of the candidate only, of the baseline only, and all; it is empty where the
    two models' proportions are not of the same rows. ``correlation`` is that of both estimates' errors, in [-1, 1];
    None where it is not known, and then the widest interval is taken. ``identical`` says that both models are the same
    bytes, read alike: then the improvement is 0 by nature. ``improvement`` is the difference in the metric's own
    direction (``better``, and ``ideal`` where nearer to it is better): above 0 the candidate is better;
    ``improvement_ci`` is its paired interval at the run's confidence.
    """

    value: float
    method: str
    better: Better
    ideal: float | None = None
    ci: tuple[float, float] | None = None
    counts: dict[str, list[float]] = field(default_factory=dict)
    se: float | None = None
    discordant: dict[str, list[float]] = field(default_factory=dict)
    correlation: float | None = None
    identical: bool = False
    improvement: float = float("nan")
    improvement_ci: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One number, and what its uncertainty was computed from.

    ``n`` counts the rows in the metric's denominator and ``smallest_n`` those of the smallest
    denominator that it compares (equal to ``n`` where there is only one). ``method`` names an entry
    of `audit.stats.METHODS`; with ``counts`` or ``se`` it yields the interval at any confidence.
    ``ci`` is that interval at the run's confidence, or None where the metric has none. ``baseline`` is what
    the baseline model measured, None where the audit has none.
    """

    metric: str
    value: float
    n: int
    method: str
    where: dict[str, Scalar] = field(default_factory=dict)
    ci: tuple[float, float] | None = None
    smallest_n: int | None = None
    counts: dict[str, list[float]] = field(default_factory=dict)
    se: float | None = None
    baseline: Baseline | None = None

    @property
    def key(self) -> tuple[str, frozenset[tuple[str, Scalar]]]:
        """The metric and ``where``, in any order: a check measures each key once."""
        return self.metric, frozenset(self.where.items())

    @property
    def rows(self) -> int:
        """Rows in the smallest denominator: what ``gate.min_rows`` is compared with."""
        return self.n if self.smallest_n is None else self.smallest_n

    @property
    def speaks_of_groups(self) -> bool:
        """Whether this is a number about some group and not about the whole table."""
        return not GROUP_KEYS.isdisjoint(self.where)
