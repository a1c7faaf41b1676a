"""The robustness check: how decisions change under small changes of the numbers, by cleverhans."""

from audit.checks.robustness.check import Robustness

__all__ = ["Robustness"]
