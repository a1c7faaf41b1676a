"""Policies: read from `audit.yaml`, validated, and resolved against the metrics that checks offer."""

from audit.policy.load import parse_policy
from audit.policy.model import Policy
from audit.policy.resolution import resolve

__all__ = ["Policy", "parse_policy", "resolve"]
