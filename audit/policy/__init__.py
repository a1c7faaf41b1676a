"""`audit.yaml` to a validated `Policy`."""

from audit.policy.load import load_policy, policy_from
from audit.policy.model import Policy, Rule

__all__ = ["Policy", "Rule", "load_policy", "policy_from"]
