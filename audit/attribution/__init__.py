"""Fast interventional SHAP values of a batch function, with a standard error for every value."""

from audit.attribution.coalitions import BatchFunction, MaskedGraph
from audit.attribution.shapley import Attributions, attribute

__all__ = ["Attributions", "BatchFunction", "MaskedGraph", "attribute"]
