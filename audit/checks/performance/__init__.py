"""The performance check: accuracy, ranking, calibration, errors."""

from audit.checks.performance.check import Performance

__all__ = ["Performance"]
