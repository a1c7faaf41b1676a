"""Policies: read from `audit.yaml`, validated, and resolved against the metrics that checks offer."""

from audit.policy.model import Policy

__all__ = ["Policy"]
