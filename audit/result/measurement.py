"""A measured value, the data of its interval, and its comparison with the baseline model."""

from dataclasses import dataclass, field
from typing import Literal

Scalar = bool | int | float | str

GROUP_KEYS = frozenset({"attribute", "group", "unprivileged", "privileged"})
"""Keys of ``where`` that denote groups: a rule covers a group only if it names one of them."""

Better = Literal["higher", "lower", "ideal"]
"""Direction in which a metric improves: higher, lower, or nearer to its ideal value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The baseline model's value of a metric on the same rows, and the candidate's improvement over it.

    ``method``, ``counts`` and ``se`` belong to the baseline's value. ``discordant`` has for each proportion in
    ``counts`` the number of rows that are an event of the candidate only, of the baseline only, and of all rows; it is
    empty if the two proportions are not of the same rows. ``correlation`` is the correlation of both estimates' errors,
    in [-1, 1]; if None (unknown), the widest interval is taken. ``identical`` is whether both models are the same
    bytes, read alike: then the improvement is 0 by definition. ``improvement`` is the difference in the metric's better
    direction (``better``, towards ``ideal`` if that is it): above 0 the candidate is better. ``improvement_ci`` is its
    paired interval at the run's confidence.
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
    """A metric's value on some rows, and the data of its confidence interval.

    ``n`` is the number of rows in the metric's denominator, and ``smallest_n`` that of the smallest
    denominator that it compares (None if there is only one). ``method`` names an entry
    of `audit.stats.METHODS`; with ``counts`` or ``se`` it yields the interval at any confidence.
    ``ci`` is that interval at the run's confidence; None if the metric has none. ``baseline`` is the
    comparison with the baseline model; None without one. ``members`` are the groups that are measured together,
    since each has fewer rows than ``gate.min_rows``. ``permuted_range`` holds the lowest and the highest value if the
    same decisions were distributed over the rows in any other way; None if that says nothing of the metric. A report
    leaves both out where they are empty.
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
    members: list[str] = field(default_factory=list)
    permuted_range: tuple[float, float] | None = None

    @property
    def key(self) -> tuple[str, frozenset[tuple[str, Scalar]]]:
        """Identity of a measurement: its metric and ``where``, in any order. A check measures each once."""
        return self.metric, frozenset(self.where.items())

    @property
    def rows(self) -> int:
        """Number of rows in the smallest denominator, to compare with ``gate.min_rows``."""
        return self.n if self.smallest_n is None else self.smallest_n

    @property
    def is_group_specific(self) -> bool:
        """Whether the value is of one group or a comparison of groups, and not of the whole table."""
        return not GROUP_KEYS.isdisjoint(self.where)
