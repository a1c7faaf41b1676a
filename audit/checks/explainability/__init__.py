"""The explainability check: which features the decisions rest on, by SHAP."""

from audit.checks.explainability.check import Explainability

__all__ = ["Explainability"]
