"""Point estimates with their influence functions, and confidence intervals and p-values from what a report holds."""

from audit.stats.group_estimates import Partition
from audit.stats.group_rates import rates
from audit.stats.influence import Influence, Shares, Traced, TracedEvidence
from audit.stats.interval_method import IntervalMethod
from audit.stats.measurement_intervals import interval, intervals, is_known, p_outside
from audit.stats.methods import METHODS
from audit.stats.paired_intervals import improvement, paired_interval

__all__ = [
    "METHODS",
    "Influence",
    "IntervalMethod",
    "Partition",
    "Shares",
    "Traced",
    "TracedEvidence",
    "improvement",
    "interval",
    "intervals",
    "is_known",
    "p_outside",
    "paired_interval",
    "rates",
]
