"""Policies: read from `audit.yaml`, validated, and resolved against the metrics that checks offer."""

from audit.policy.gate_spec import Rule
from audit.policy.load import parse_policy, read_policy
from audit.policy.model import Policy
from audit.policy.resolution import Offer, resolve

__all__ = ["Offer", "Policy", "Rule", "parse_policy", "read_policy", "resolve"]
