"""The fairness check: group metrics by AIF360, and over thresholds."""

from audit.checks.fairness.check import Fairness

__all__ = ["Fairness"]
