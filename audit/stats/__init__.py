"""Confidence intervals and p-values of measurements, from what a report holds; no framework needed."""

from audit.stats.intervals import interval, is_known, p_outside
from audit.stats.methods import METHODS, Method

__all__ = ["METHODS", "Method", "interval", "is_known", "p_outside"]
