"""Prediction of a protected attribute from the other features: from all together, and from each single one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.checks.explainability.explanation import Explanation
from audit.checks.explainability.protected_columns import ProtectedColumns
from audit.checks.explainability.proxy_models import bins, draw_training_rows, rate_scores, tree_scores
from audit.checks.explainability.proxy_sample import ProxyEvaluation, ProxySample, draw_proxy_sample
from audit.data.protected_attributes import Attribute
from audit.result import Evidence, Measurement, Note, Scalar, Table
from audit.subject.subject import Subject

_PROXY_AUC = "explainability.proxy_auc"
_PROXY_STRENGTH = "explainability.proxy_strength"
_MAX_FEATURES = 100
"""Features that are evaluated: those of most attribution."""


def proxy_evidence(
    explanation: Explanation, subject: Subject, protected: ProtectedColumns
) -> Iterator[Evidence]:
    """Yield how well the model's other features predict each attribute: measurements, the table ``proxies``, notes.

    Predicted is whether a row is of an unprivileged group.

    Args:
        explanation: source of each feature's attribution.
        subject: the model and the data; it reads neither images nor free text.
        protected: the columns of each attribute, which are left out.
    """
    sample = draw_proxy_sample(subject)
    if len(sample.index) < subject.rows:
        yield Note(
            text=f"What other features tell of an attribute is measured on {len(sample.index):,} rows."
        )
    features = explanation.order
    if len(features) > _MAX_FEATURES:
        yield Note(
            text=f"Of {len(features):,} features, the {_MAX_FEATURES} of most attribution are looked at as proxies."
        )
    measurements = list[Measurement]()
    for attribute in subject.attributes:
        named = [(int(place), explanation.columns[place].name) for place in features[:_MAX_FEATURES]]
        others = {place: name for place, name in named if name not in protected[attribute.name]}
        measurements += _of_attribute(attribute, others, sample)
    yield from measurements
    yield _table([m for m in measurements if m.metric == _PROXY_STRENGTH], explanation)


def _of_attribute(attribute: Attribute, others: dict[int, str], sample: ProxySample) -> Iterator[Measurement]:
    """Yield how well the features ``others`` together predict the attribute, then each one, the strongest first."""
    member = np.isin(attribute.codes[sample.index], attribute.unprivileged)
    training = draw_training_rows(member, sample.clusters, np.random.default_rng([sample.seed, 6]))
    evaluation = ProxyEvaluation(sample, member, training)
    where: dict[str, Scalar] = {"attribute": attribute.name}
    if not others:
        yield Measurement(metric=_PROXY_AUC, value=0.5, n=len(member), method="exact", where=where)
    elif evaluation.sufficient:
        places = list(others)
        matrix = sample.matrix[:, places]
        score = tree_scores(matrix, sample.texts[places], member, training, sample.weights)
        yield evaluation.evaluate(_PROXY_AUC, score, where)
    else:
        yield evaluation.unknown(_PROXY_AUC, where)
    strengths = [_strength(place, where | {"feature": name}, evaluation) for place, name in others.items()]
    yield from sorted(strengths, key=lambda m: np.nan_to_num(-m.value, nan=0.0))


def _strength(place: int, where: dict[str, Scalar], evaluation: ProxyEvaluation) -> Measurement:
    """Return how well one feature predicts: a text by its rates, a number by its order or its bins' rates.

    Bins have to predict better than the order of all rows, and of the same rows: else the luck of half of them would
    decide.
    """
    training = evaluation.training
    values = evaluation.sample.matrix[:, place]
    if evaluation.sample.texts[place]:
        if not evaluation.sufficient:
            return evaluation.unknown(_PROXY_STRENGTH, where)
        return _by_rates(np.unique(values, return_inverse=True)[1], where, evaluation)
    ordered = evaluation.evaluate(_PROXY_STRENGTH, values, where, "direction")
    if not evaluation.sufficient:
        return ordered
    binned = _by_rates(bins(values, training), where, evaluation)
    same_rows = evaluation.evaluate(_PROXY_STRENGTH, values[~training], where, "direction")
    return binned if binned.value > max(ordered.value, same_rows.value) else ordered


def _by_rates(codes: np.ndarray, where: dict[str, Scalar], evaluation: ProxyEvaluation) -> Measurement:
    score = rate_scores(codes, evaluation.member, evaluation.training, evaluation.sample.weights)
    return evaluation.evaluate(_PROXY_STRENGTH, score, where, "chance")


def _table(strengths: list[Measurement], explanation: Explanation) -> Table:
    total = explanation.mean(explanation.total_magnitudes)
    names = (column.name for column in explanation.columns)
    means = dict(zip(names, explanation.mean_magnitudes.tolist(), strict=True))
    shares = [means[str(m.where["feature"])] / total if total > 0 else None for m in strengths]
    return Table(
        name="proxies",
        about="how well each feature alone tells of an attribute: texts by rates, numbers by order or bins",
        columns={
            "attribute": [m.where["attribute"] for m in strengths],
            "feature": [m.where["feature"] for m in strengths],
            "auc": [m.value for m in strengths],
            "share": list(shares),
        },
    )
