"""The check interface: what the author of a check imports, and the registry of installed checks.

Names that need numpy, scipy or the subject are imported when they are first used, so that listing checks, deciding and
rendering start without them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from pydantic import Field

from audit.check.base import Check
from audit.check.entry_points import check_class, installed, require_installed
from audit.check.policies import build_checks, load_policy, offers_of, policy_from, resolve_policy
from audit.errors import AuditError, Skip
from audit.result import Evidence, Measurement, MetricFacts, Note, SampledRows, Scalar, Table

if TYPE_CHECKING:
    from audit.stats import (
        METHODS,
        Influence,
        Partition,
        Shares,
        Traced,
        TracedEvidence,
        interval,
        intervals,
        is_known,
        rates,
    )
    from audit.subject import Attribute, Classified, Regressed, Subject
else:

    def __getattr__(name: str) -> object:
        if name in _LATE:
            return getattr(import_module(f"audit.{_LATE[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_STATS = "METHODS Influence Partition Shares Traced TracedEvidence interval intervals is_known rates"
_LATE = {
    **dict.fromkeys(_STATS.split(), "stats"),
    **dict.fromkeys(("Attribute", "Classified", "Regressed", "Subject"), "subject"),
}
"""Names that are imported on first use, and the package of each."""

__all__ = [
    "METHODS",
    "Attribute",
    "AuditError",
    "Check",
    "Classified",
    "Evidence",
    "Field",
    "Influence",
    "Measurement",
    "MetricFacts",
    "Note",
    "Partition",
    "Regressed",
    "SampledRows",
    "Scalar",
    "Shares",
    "Skip",
    "Subject",
    "Table",
    "Traced",
    "TracedEvidence",
    "build_checks",
    "check_class",
    "installed",
    "interval",
    "intervals",
    "is_known",
    "load_policy",
    "offers_of",
    "policy_from",
    "rates",
    "require_installed",
    "resolve_policy",
]
