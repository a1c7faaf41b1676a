"""What a check is, which checks are installed, and policies resolved against what they offer."""

from audit.check.base import Check
from audit.check.entry_points import check_class, installed, require_installed
from audit.check.policies import build_checks, load_policy, offers_of, policy_from, resolved
from audit.errors import Skip

__all__ = [
    "Check",
    "Skip",
    "build_checks",
    "check_class",
    "installed",
    "load_policy",
    "offers_of",
    "policy_from",
    "require_installed",
    "resolved",
]
