"""Fast interventional SHAP values of a batch function, with a standard error for every value."""

from __future__ import annotations

from audit.attribution.attributions import Attributions
from audit.attribution.coalitions import Value
from audit.attribution.estimate import attribute

__all__ = ["Attributions", "Value", "attribute"]
