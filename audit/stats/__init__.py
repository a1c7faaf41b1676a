"""Confidence intervals and p-values of measurements, from what a report holds; no framework needed."""

from audit.stats.measurement_intervals import interval, intervals, is_known, p_outside
from audit.stats.methods import METHODS, Method
from audit.stats.paired_intervals import improvement, paired_interval

__all__ = [
    "METHODS",
    "Method",
    "improvement",
    "interval",
    "intervals",
    "is_known",
    "p_outside",
    "paired_interval",
]
