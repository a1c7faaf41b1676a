"""The table of interval methods, by the names that appear in a report."""

from audit.stats.auc import DELONG
from audit.stats.calibration_error import CALIBRATION_BINS
from audit.stats.interval_method import NO_COUNTS, UNPAIRED, IntervalMethod, one_by_one
from audit.stats.maximum import LARGEST_T
from audit.stats.means import MEAN_METHODS
from audit.stats.proportion_methods import PROPORTION_METHODS
from audit.stats.rank_correlation import RANK_METHODS
from audit.stats.rows_and_references import ROWS_AND_REFERENCES

_no_interval = one_by_one(lambda measurement, confidence: None)

EXACT = IntervalMethod("exact", _no_interval, NO_COUNTS, open_side=None, best_case=None, pairing=UNPAIRED)
"""Method of values that are exact by nature, such as counts: they decide without an interval."""

NONE = IntervalMethod("none", _no_interval, NO_COUNTS, open_side=None, best_case=None, pairing=UNPAIRED)
"""Method of values of which no interval is known."""

_SINGLE_METHODS = (DELONG, CALIBRATION_BINS, LARGEST_T, ROWS_AND_REFERENCES, EXACT, NONE)
METHODS: dict[str, IntervalMethod] = {
    method.name: method for method in (*PROPORTION_METHODS, *MEAN_METHODS, *RANK_METHODS, *_SINGLE_METHODS)
}
"""All methods by name. `docs/intervals.md` says which metric uses which, and why."""


def method_named(name: str) -> IntervalMethod:
    """Return a method's record; `NONE` for one that is unknown here, such as a plug-in's own."""
    return METHODS.get(name, NONE)
