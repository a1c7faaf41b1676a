"""Addresses of pages that define a metric, for formats with room for one link."""

import re

from audit.result import MetricFacts

_PAGES = {
    "performance": "https://scikit-learn.org/stable/modules/model_evaluation.html",
    "fairness": "https://aif360.readthedocs.io/en/stable/modules/generated/aif360.metrics.ClassificationMetric.html",
    "explainability": "https://shap.readthedocs.io/en/latest/",
    "robustness": "https://arxiv.org/abs/1902.06705",  # Carlini et al.: how such accuracies are to be read
    "slices": "https://arxiv.org/abs/1807.06068",  # Chung et al., SliceFinder: what slices of a model are
    "gate": "https://arxiv.org/abs/1506.02629",  # Dwork et al.: what reuse of the same rows does to an estimate
}
"""Page for the metrics of each built-in check, and of the gate."""

_ADDRESS = re.compile("https?://[!#-;=?-~]+")  # what a plug-in says goes into files as it is
_NAME = re.compile("[a-z0-9_]+")
_METHODS = {"fairness": "aif360.metrics.ClassificationMetric."}
"""Names on a check's page that its metrics' own names complete."""


def link_of(metric: str, facts: MetricFacts) -> str | None:
    """Return the address of a page that defines ``metric``: its own, or its check's; None of a plug-in's without."""
    check, _, name = metric.partition(".")
    if facts.link and _ADDRESS.fullmatch(facts.link):
        return facts.link
    if check not in _PAGES:
        return None
    is_method = check in _METHODS and _NAME.fullmatch(name)
    return _PAGES[check] + (f"#{_METHODS[check]}{name}" if is_method else "")
