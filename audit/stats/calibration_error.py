"""Interval method of the expected calibration error over bins of the score."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from audit.result import Measurement
from audit.stats.interval_method import IN_PROPORTION, UNPAIRED, BestCase, Counts, Spans, two_sided
from audit.stats.proportions import Limits, Reals, clopper_pearson

_NOISE_STANDARD_ERRORS = 2.0
"""Standard errors below which a bin's gap counts as noise in the search for the lower limit.

Less, and one bin that is off among nine that are not is overrated (simulated error 13 % for 2.5 %); more, and gaps
that are spread evenly are taken for noise.
"""
_HALVINGS = 34  # halvings: the limit is exact to ten digits


def calibration_error(bins: Reals, tail: float) -> Limits:
    """Bound ``sum(n_b / N * |k_b / n_b - s_b / n_b|)`` over the bins that have rows.

    The observed error is too high by the bins' noise, most at a perfect calibration. The lower limit is therefore the
    smallest true error from which one as high as observed is not rare: along gaps in the proportions observed, those
    within their noise left out, with the mean, variance and skewness of absolute values of normal gaps. It is 0 where a
    perfect calibration explains what was seen. The upper limit takes nothing off for the noise: it combines the
    greatest gap of each bin within Clopper and Pearson's limits of its rate by MOVER, and is never too low. Likewise
    combined, the least gaps bound the lower limit: the gap of a confident bin is skewed, as its few errors are.

    Args:
        bins: (k, n, s) along the last axis: favourable rows, rows and sum of predicted probabilities of each bin,
            shape (…, bins, 3); a bin without rows has zeros.
        tail: error on each side, in (0, 0.5).

    Returns:
        The errors and their limits, in [0, 1], shape (…); NaN where no bin has rows.
    """
    from scipy.special import ndtri

    z = float(-ndtri(tail))
    observed = _Bins.of(bins)
    error = observed.error(observed.gap)
    margins = _exact_margins(observed, error, tail)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        low = _lowest(observed, error, z)
    return Limits(
        error, np.minimum(low, np.maximum(error - margins.low, 0.0)), np.minimum(error + margins.high, 1.0)
    )


@dataclass(frozen=True)
class _Bins:
    """Bins along the last axis: shares of the rows, mean predictions, gaps of the observed rates from them."""

    rows: Reals
    share: Reals
    predicted: Reals
    gap: Reals
    smoothed_variance: Reals

    @classmethod
    def of(cls, bins: Reals) -> "_Bins":
        favorable, rows, scores = np.moveaxis(np.asarray(bins, np.float64), -1, 0)
        filled = np.where(rows > 0, rows, 1.0)
        with np.errstate(invalid="ignore"):
            share = rows / rows.sum(-1, keepdims=True)  # NaN without a row
        rate = (favorable + 2.0) / (filled + 4.0)  # Agresti and Coull's: a rate of 0 or 1 has noise too
        predicted = np.clip(scores / filled, 0.0, 1.0)
        return cls(filled, share, predicted, favorable / filled - predicted, rate * (1.0 - rate) / filled)

    def gap_limits(self, tail: float) -> Limits:
        """Return the size of each gap with the least and the greatest one within exact limits of the bin's rate."""
        rate = clopper_pearson((self.predicted + self.gap) * self.rows, self.rows, tail)
        above = rate.high - self.predicted
        below = self.predicted - rate.low
        smallest_gap = np.maximum(
            np.maximum(-above, -below), 0.0
        )  # 0 where the limits contain the prediction
        return Limits(np.abs(self.gap), smallest_gap, np.maximum(above, below))

    def error(self, gap: Reals) -> Reals:
        return np.asarray((self.share * np.abs(gap)).sum(-1))

    def share_variance(self, gap: Reals) -> Reals:
        """Return the variance of the error that is due to random shares of the bins."""
        total = (self.rows * (self.share > 0)).sum(-1)
        spread = (self.share * gap**2).sum(-1) - self.error(gap) ** 2
        return np.asarray(np.maximum(spread, 0.0) / np.where(total > 0, total, 1.0))


def _exact_margins(bins: _Bins, error: Reals, tail: float) -> Limits:
    """Return the error with its margins below and above by MOVER over the bins, whose shares of the rows are random."""
    from scipy.special import ndtri

    gaps = bins.gap_limits(tail)
    shares = ndtri(tail) ** 2 * bins.share_variance(bins.gap)
    below = bins.share * (gaps.estimate - gaps.low)
    above = bins.share * (gaps.high - gaps.estimate)
    return Limits(error, np.sqrt((below**2).sum(-1) + shares), np.sqrt((above**2).sum(-1) + shares))


def _lowest(bins: _Bins, error: Reals, z: float) -> Reals:
    """Return the smallest true error that explains the observed one: 0, or by bisection."""
    noise = _NOISE_STANDARD_ERRORS**2 * bins.smoothed_variance
    direction = bins.gap * np.nan_to_num(np.maximum(1.0 - noise / bins.gap**2, 0.0))
    low = np.zeros_like(error)
    high = np.nan_to_num(error / bins.error(direction), posinf=0.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        rare = error > _quantile(bins, _true_gaps(bins, direction, middle), z)
        low = np.where(rare, middle, low)
        high = np.where(rare, high, middle)
    rare = error > _quantile(bins, _true_gaps(bins, direction, np.zeros_like(error)), z)
    return np.where(rare, bins.error(_true_gaps(bins, direction, low)), np.where(np.isnan(error), error, 0.0))


def _true_gaps(bins: _Bins, direction: Reals, scale: Reals) -> Reals:
    """Return the gaps of true rates at a distance of ``scale * direction`` from the predictions."""
    rate = np.clip(bins.predicted + direction * scale[..., None], 0.0, 1.0)
    return np.asarray(rate - bins.predicted)


def _quantile(bins: _Bins, gap: Reals, z: float) -> Reals:
    """Return the quantile of the observed error, given the true gaps, at the level of the normal quantile ``z``.

    It is a sum of absolute values of normal variables, known by its first three moments: the quantile of Pearson's type
    III as Wilson and Hilferty approximate it.
    """
    from scipy.special import ndtr

    rate = bins.predicted + gap
    sd = bins.share * np.sqrt(np.maximum(rate * (1.0 - rate), 1e-12) / bins.rows)
    sd = np.maximum(sd, 1e-12)
    mean = bins.share * np.abs(gap)
    density = np.exp(-0.5 * (mean / sd) ** 2) * (2.0 * sd / np.sqrt(2.0 * np.pi))
    sided = 2.0 * ndtr(mean / sd) - 1.0
    square = mean**2 + sd**2
    first = density + mean * sided
    third = density * (mean**2 + 2.0 * sd**2) + (mean**2 + 3.0 * sd**2) * mean * sided
    variance = (square - first**2).sum(-1) + bins.share_variance(gap)
    cubed = (third - 3.0 * first * square + 2.0 * first**3).sum(-1)
    skewness = np.maximum(cubed / variance**1.5, 1e-6)
    scale = 2.0 / skewness * ((1.0 + skewness * z / 6.0 - skewness**2 / 36.0) ** 3 - 1.0)
    return np.asarray(first.sum(-1) + np.sqrt(variance) * scale)


def _intervals(measurements: Sequence[Measurement], confidence: float) -> Spans:
    bins = np.zeros((len(measurements), max(1, *(len(m.counts) for m in measurements)), 3))
    for row, measurement in zip(bins, measurements, strict=True):
        if measurement.counts:
            row[: len(measurement.counts)] = list(measurement.counts.values())
    limits = calibration_error(bins, (1.0 - confidence) / 2.0)
    return np.stack([limits.low, limits.high], axis=-1)


def _perfectly_calibrated(measurement: Measurement, value: float) -> Measurement:
    """Return the measurement at a calibration error of 0, whatever ``value`` is."""
    counts = {name: [scores, rows, scores] for name, (_, rows, scores) in measurement.counts.items()}
    return replace(measurement, value=0.0, counts=counts)


_COUNTS = Counts("bins", IN_PROPORTION)
_BEST_CASE = BestCase(_perfectly_calibrated, at_equality=None, signed=False)
CALIBRATION_BINS = two_sided("calibration-bins", _intervals, _COUNTS, _BEST_CASE, UNPAIRED)
