"""The check interface: what the author of a check imports, and the registry of installed checks.

Names that need numpy, scipy or the subject are imported when they are first used, so that listing checks, deciding and
rendering start without them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from pydantic import Field

from audit.check.base import Check
from audit.check.entry_points import check_class, installed, require_installed
from audit.check.policies import build_checks, load_policy, offers_of, policy_from, resolved
from audit.errors import AuditError, Skip
from audit.result import Evidence, Measurement, MetricFacts, Note, Scalar, Table

if TYPE_CHECKING:
    from audit.data.protected_attributes import Attribute
    from audit.stats import (
        METHODS,
        Influence,
        Partition,
        Shares,
        Traced,
        interval,
        intervals,
        is_known,
        rates,
    )
    from audit.stats.influence import TracedEvidence
    from audit.subject import Classified, Regressed, Subject
else:

    def __getattr__(name: str) -> object:
        for module, names in _LATE.items():
            if name in names:
                return getattr(import_module(f"audit.{module}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_LATE = {
    "data.protected_attributes": ("Attribute",),
    "stats": (
        "METHODS",
        "Influence",
        "Partition",
        "Shares",
        "Traced",
        "interval",
        "intervals",
        "is_known",
        "rates",
    ),
    "stats.influence": ("TracedEvidence",),
    "subject": ("Classified", "Regressed", "Subject"),
}
"""Modules of ``audit`` that are imported on first use, and what is handed on from each."""

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
    "resolved",
]
