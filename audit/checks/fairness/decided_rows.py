"""Rows with their labels and decisions."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class DecidedRows:
    """Labels and decisions at the decisive threshold (bool, one a row), with the rows' weights and clusters if any."""

    label: np.ndarray
    predicted: np.ndarray
    weights: np.ndarray | None
    clusters: np.ndarray | None
