"""Fast interventional SHAP values of a batch function, with a standard error for every value."""

from __future__ import annotations

from audit.attribution.coalitions import Value
from audit.attribution.result import Attributions
from audit.attribution.shapley import attribute

__all__ = ["Attributions", "Value", "attribute"]
