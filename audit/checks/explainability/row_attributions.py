"""SHAP values of sampled rows by feature, for whoever compares their distribution between two samples."""

from typing import NamedTuple

import numpy as np

from audit.checks.explainability.check import Explainability
from audit.checks.explainability.explained_sample import SampleRequest, draw_sample
from audit.checks.explainability.explanation import ExplainedOutput, Sampling, explain
from audit.subject.subject import Subject


class RowAttributions(NamedTuple):
    """SHAP values ``(rows, features)`` of the features named, at the subject's ``rows`` (indices, from 0)."""

    features: list[str]
    rows: np.ndarray
    values: np.ndarray


def row_attributions(subject: Subject, options: Explainability) -> RowAttributions:
    """Return the SHAP values that the explainability check measures on, with its options.

    Raises:
        Skip: the model's output has none: it reads images and other columns, or is not finite somewhere.
    """
    sampling = Sampling(subject.seed, options.error, options.memory_mb * 2**20)
    output = ExplainedOutput.of(subject, score=options.output == "score")
    request = SampleRequest(options.rows, options.references, options.budget)
    sample = draw_sample(subject, output, request, sampling)
    sampling = sampling._replace(max_evaluations=sample.max_evaluations)
    explanation = explain(subject, output, sample.rows, sample.references, sampling)
    names = [column.name for column in explanation.columns]
    return RowAttributions(names, explanation.rows, explanation.attributions.values)
