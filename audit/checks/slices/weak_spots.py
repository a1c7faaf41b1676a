"""Weak spots: slices that are worse than the other rows by more than the policy tolerates, beyond chance."""

from collections.abc import Iterator
from dataclasses import dataclass

from audit.checks.slices.gaps import Gap
from audit.numbers import number, per_cent, per_cents
from audit.result import Measurement, Note, Table
from audit.stats import interval

_NO_LIMITS = (float("nan"), float("nan"))


@dataclass(frozen=True)
class SliceLine:
    """A measured slice with corrected ``limits`` of its gap, and of its accuracy if it has one."""

    text: str
    gap: Gap
    limits: tuple[float, float]
    accuracy_limits: tuple[float, float] | None
    is_weak_spot: bool

    @classmethod
    def of(cls, text: str, gap: Gap, confidence: float, min_gap: float) -> "SliceLine":
        """Compute the limits at a confidence; a weak spot is worse by more than ``min_gap``, limits included."""
        limits = interval(gap.measurement, confidence) or _NO_LIMITS
        return cls(text, gap, limits, _accuracy_limits(gap.measurement, confidence), limits[0] > min_gap)

    @property
    def rows(self) -> int:
        """Number of measured rows of the slice."""
        return self.gap.rows


def _accuracy_limits(measurement: Measurement, confidence: float) -> tuple[float, float] | None:
    """Return the limits of the accuracy on the slice, whose errors are counted; None for a regression."""
    errors = measurement.counts.get("unprivileged")
    if errors is None:
        return None
    rate = Measurement(
        metric="",
        value=errors[0] / errors[1],
        n=measurement.n,
        method="clopper-pearson",
        counts={"rate": errors},
    )
    limits = interval(rate, confidence)
    return None if limits is None else (1.0 - limits[1], 1.0 - limits[0])


def slice_table(lines: list[SliceLine]) -> Table:
    """Return the table ``slices``, in the order in which they were chosen."""
    classified = "unprivileged" in lines[0].gap.measurement.counts
    quality = "accuracy" if classified else "error"
    return Table(
        name="slices",
        about="slices on which the model is worst, measured on rows that had no part in choosing them; limits of the "
        "gap are corrected for the number of slices",
        columns={
            "slice": [line.text for line in lines],
            "rows": [line.rows for line in lines],
            quality: [_quality(line.gap.inside, classified) for line in lines],
            f"{quality}_elsewhere": [_quality(line.gap.outside, classified) for line in lines],
            "gap": [line.gap.measurement.value for line in lines],
            "low": [line.limits[0] for line in lines],
            "high": [line.limits[1] for line in lines],
            "weak_spot": [line.is_weak_spot for line in lines],
        },
    )


def _quality(loss: float, classified: bool) -> float:
    return 1.0 - loss if classified else loss


def weak_spot_note(lines: list[SliceLine]) -> Iterator[Note]:
    """Yield a warning that names the first weak spot and counts the others, if there is one."""
    weak = [line for line in lines if line.is_weak_spot]
    if not weak:
        return
    others = len(weak) - 1
    more = f" The table of slices has {others} more weak spot{'s' * (others > 1)}." if others else ""
    yield Note(text=f"{_sentence(weak[0], len(lines))}{more}", warning=True)


def _sentence(line: SliceLine, slices: int) -> str:
    corrected = f", corrected for {slices} slices" if slices > 1 else ""
    rows = f"on the {line.rows:,} held-out rows with {line.text}"
    inside = line.gap.inside
    outside = line.gap.outside
    if line.accuracy_limits is not None:
        return (
            f"Accuracy is {per_cent(1.0 - inside)} (interval {per_cents(line.accuracy_limits)}{corrected}) {rows}, "
            f"against {per_cent(1.0 - outside)} on the other rows."
        )
    low, high = (number(limit) for limit in line.limits)
    return (
        f"The mean absolute error is {number(inside)} standard deviations of the label {rows}, against "
        f"{number(outside)} on the other rows (difference {number(line.gap.measurement.value)}, interval {low} to "
        f"{high}{corrected})."
    )
