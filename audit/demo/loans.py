"""Synthetic loan applications with planted faults, so that a report can be compared with the truth.

True for any ``biased``:

- 38 % are Female, 62 % Male; ``age`` is uniform over 21 to 69 full years.
- 60 % are creditworthy, Female and Male alike: the sum of four independent traits (in standard units
  0.55 income - 0.50 debt ratio + 0.35 employment + 0.25 savings) and of luck with standard deviation
  0.50 exceeds a fixed limit. ``sex`` and ``age`` play no part.
- The four columns carry those traits and nothing else. A model that knew them perfectly would still
  err on the luck.

``approved`` is the office's decision. With ``biased=False`` it approved the creditworthy, so that
Female and Male are approved at the same rate, 0.60. With ``biased=True``, the default, three things
are planted in the same applicants:

- **Bias.** Each creditworthy Female applicant was rejected with probability 0.60, at random. Approved are
  0.60 of the Male and 0.24 of the Female: disparate impact 0.40, statistical parity difference -0.36.
  No one who was not creditworthy was approved, and no Male applicant was treated differently.
- **Proxy.** ``district_score`` has nothing to do with creditworthiness, but is normal with mean 60 for
  Male and 36 for Female and standard deviation 10 in each: a threshold at 48 predicts the sex of 88 %
  of the rows. A model without the feature ``sex`` can learn the bias through it.
- **Fragile feature.** ``bureau_rate`` is 3 - 0.1 u, where u is standard normal and correlates 0.9 with
  how far an applicant is above or below the limit of creditworthiness: the best single predictor.
  But 4 % of the rows, at random, have no record, which the bureau writes as 9.99. These few put the standard
  deviation of the column at 1.37, so that all its information is within some 0.15 standard deviations.

With ``biased=False``, ``district_score`` is drawn with mean 60 for all and ``bureau_rate`` from u that
is pure noise, without missing records: nothing is planted. Equal ``rows`` and ``seed`` give the same
applicants for both, so that comparing the two tables shows whose application the bias decided.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Column = NDArray[np.float64]

FEMALE_SHARE = 0.38
CREDITWORTHY_SHARE = 0.60
REFUSED_BY_LOT = 0.60
DISTRICT_MEAN = 60.0
DISTRICT_GAP = 24.0
RATE_CORRELATION = 0.9
NO_RECORD_SHARE = 0.04
NO_RECORD = 9.99

TRAITS = {"income": 0.55, "debt_ratio": -0.50, "employment_years": 0.35, "savings": 0.25}
"""Weight of each trait in creditworthiness, per standard deviation of the trait."""
LUCK = 0.50


def make_loans(rows: int, seed: int, biased: bool = True) -> pd.DataFrame:
    """Draw a table of loan applications with the office's decisions.

    Args:
        rows: number of applications, at least 1.
        seed: seed of the generator; equal arguments give equal tables.
        biased: whether bias, proxy and fragile feature are planted (see the module's docstring).

    Returns:
        ``rows`` rows with the columns ``income`` (thousands a year), ``debt_ratio`` (instalments over
        income), ``employment_years``, ``savings`` (months of income), ``age`` (years),
        ``district_score`` (points), ``bureau_rate`` (percent), ``sex`` (Female or Male) and
        ``approved`` (yes or no). All but the last two are float64 without nulls.
    """
    import pandas as pd

    rng = np.random.default_rng(seed)
    female = rng.random(rows) < FEMALE_SHARE
    age = rng.integers(21, 70, rows).astype(float)
    traits = {name: rng.standard_normal(rows) for name in TRAITS}
    merit = _merit(traits, rng.standard_normal(rows))
    creditworthy = merit > NormalDist().inv_cdf(1 - CREDITWORTHY_SHARE)
    district = DISTRICT_MEAN + 10.0 * rng.standard_normal(rows) - DISTRICT_GAP * (biased & female)
    rate = _bureau_rate(rng, merit, biased)
    refused = female & (rng.random(rows) < REFUSED_BY_LOT) & biased
    return pd.DataFrame(
        {
            **_as_written(traits),
            "age": age,
            "district_score": district.round(2),
            "bureau_rate": rate.round(4),
            "sex": np.where(female, "Female", "Male"),
            "approved": np.where(creditworthy & ~refused, "yes", "no"),
        }
    )


def _merit(traits: dict[str, Column], luck: Column) -> Column:
    """Return creditworthiness as a standard normal variable: weighted traits plus luck."""
    scale = (sum(w * w for w in TRAITS.values()) + LUCK**2) ** 0.5
    weighted = [weight * traits[name] for name, weight in TRAITS.items()]
    return np.asarray(sum([*weighted, LUCK * luck]) / scale)


def _as_written(traits: dict[str, Column]) -> dict[str, Column]:
    """Return the standard normal traits in the units of an application form."""
    return {
        "income": (42.0 * np.exp(0.25 * traits["income"])).round(2),
        "debt_ratio": (0.45 / (1.0 + np.exp(-0.7 * traits["debt_ratio"]))).round(4),
        "employment_years": (8.0 * np.exp(0.4 * traits["employment_years"])).round(2),
        "savings": (5.0 * np.exp(0.4 * traits["savings"])).round(2),
    }


def _bureau_rate(rng: np.random.Generator, merit: Column, biased: bool) -> Column:
    """Return the fragile feature; the number of random draws does not depend on ``biased``."""
    noise = rng.standard_normal(len(merit))
    missing = rng.random(len(merit)) < NO_RECORD_SHARE
    if not biased:
        return 3.0 - 0.1 * noise
    signal = RATE_CORRELATION * merit + (1 - RATE_CORRELATION**2) ** 0.5 * noise
    return np.where(missing, NO_RECORD, 3.0 - 0.1 * signal)
