"""Base class of checks: options as fields, metrics as a table, and one method that measures.

A check measures. It never decides, prints, plots or writes, and it imports its frameworks inside
`measure`, so that listing checks stays fast.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

from audit.result import MetricFacts

if TYPE_CHECKING:
    from audit.stats.influence import TracedEvidence
    from audit.subject.preview import Preview
    from audit.subject.subject import Subject


class Check(BaseModel, ABC):
    """Base class of all checks, built in or from a plug-in (entry-point group ``audit.checks``).

    Fields are the options that a policy may set under ``checks.NAME``; unknown options and wrong types
    are errors before the model is loaded. ``metrics`` names every metric that `measure` may return,
    without the check's name in front. ``where_keys`` are the keys of ``where`` that tell a metric's measurements apart,
    none if it is left out, and ``example`` is a rule on one of the metrics; both are for `audit checks NAME`.
    ``label_free`` names the metrics that follow from features and scores: `audit monitor` measures them before the
    labels of a batch are known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    summary: ClassVar[str]
    metrics: ClassVar[dict[str, MetricFacts]]
    where_keys: ClassVar[dict[str, tuple[str, ...]]] = {}
    example: ClassVar[str] = ""
    label_free: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def measure(self, subject: "Subject") -> "Iterable[TracedEvidence]":
        """Return the measurements on ``subject``, with the tables and notes that a reader of them needs.

        A measurement in a `Traced` is compared with a baseline's row by row.

        Raises:
            Skip: the check does not apply; its rules become inconclusive with this reason.
        """

    def planned_evaluations(self, preview: "Preview") -> tuple[float, float] | None:
        """Return how often `measure` evaluates the model on a row, at least and at most; None if that is not known.

        For `audit run --dry-run`, which calls it before anything is measured.
        """
        return None
