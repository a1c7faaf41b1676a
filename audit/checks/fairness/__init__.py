"""The fairness check: group metrics as AIF360 defines them, and over thresholds."""

from audit.checks.fairness.check import Fairness

__all__ = ["Fairness"]
