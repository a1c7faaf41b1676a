"""Prediction of a protected attribute from the other features: from all together, and from each single one."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from audit.checks.explainability.example_rows import line_table
from audit.checks.explainability.explanation import Explanation
from audit.checks.explainability.protected_columns import ProtectedColumns
from audit.checks.explainability.proxy_models import bins, rate_scores, tree_scores
from audit.data.protected_attributes import Attribute
from audit.frameworks.side_process import submit
from audit.result import Evidence, Measurement, Note, Scalar, Table
from audit.stats.group_estimates import Partition, auc
from audit.stats.halves import draw_half
from audit.subject.subject import Subject

_PROXY_AUC = "explainability.proxy_auc"
_PROXY_STRENGTH = "explainability.proxy_strength"
_MAX_FEATURES = 100
"""Features that are evaluated: those of most attribution."""
MAX_ROWS = 10_000
_MIN_ROWS_OF_SIDE = 5
"""Rows (clusters) of either side, among the training rows and among the others."""

Floor = Literal["direction", "chance"] | None
"""The better of both directions, or 0.5 at least."""


@dataclass(frozen=True)
class ProxySample:
    """Sampled rows: ``index`` are their numbers in the data, ``texts`` the columns of texts, bool ``(columns,)``."""

    matrix: np.ndarray
    texts: np.ndarray
    index: np.ndarray
    weights: np.ndarray | None
    clusters: np.ndarray | None
    seed: int


def draw_proxy_sample(subject: Subject) -> ProxySample:
    """Draw up to `MAX_ROWS` of the rows whose features were read."""
    data = subject.features.data.sample(MAX_ROWS)
    return ProxySample(
        matrix=data.matrix.astype(np.float64),
        texts=np.array([column.vocabulary is not None for column in subject.features.columns]),
        index=data.index,
        weights=_taken(subject.weights, data.index),
        clusters=_taken(subject.clusters, data.index),
        seed=subject.seed,
    )


def _taken(array: np.ndarray | None, index: np.ndarray) -> np.ndarray | None:
    return None if array is None else array[index]


@dataclass(frozen=True)
class ProxyEvaluation:
    """Training rows and held-out rows of a sample; ``member`` is what is predicted, both bool ``(rows,)``."""

    sample: ProxySample
    member: np.ndarray
    training: np.ndarray

    @cached_property
    def sufficient(self) -> bool:
        """Whether the training rows and the others have enough rows of either side."""
        return min(self._smaller_side(part) for part in (self.training, ~self.training)) >= _MIN_ROWS_OF_SIDE

    def _smaller_side(self, part: np.ndarray) -> int:
        """Return how many rows (clusters) of a part are on the smaller side, those without weight left out."""
        weights = self.sample.weights
        clusters = self.sample.clusters
        counted = part if weights is None else part & (weights > 0)
        sides = [np.flatnonzero(counted & self.member), np.flatnonzero(counted & ~self.member)]
        return min(len(side if clusters is None else np.unique(clusters[side])) for side in sides)

    def unknown(self, metric: str, where: dict[str, Scalar]) -> Measurement:
        """Return the measurement where the rows are not `sufficient`."""
        n = int((~self.training).sum())
        return Measurement(metric=metric, value=float("nan"), n=n, method="none", where=where)

    def evaluate(
        self, metric: str, score: np.ndarray, where: dict[str, Scalar], floor: Floor = None
    ) -> Measurement:
        """Return the AUC of ``score``, one a held-out row, or one a row of the sample, raised to its floor.

        The interval of the better direction is that of the greater of both as well: on DeLong's logit scale the other
        direction's upper limit is below its own.
        """
        rows = np.arange(len(score)) if len(score) == len(self.member) else np.flatnonzero(~self.training)
        member = self.member[rows]
        weights = _taken(self.sample.weights, rows)
        clusters = _taken(self.sample.clusters, rows)
        order = np.argsort(score, kind="stable")
        value, se = auc(member[order], score[order], _taken(weights, order), _taken(clusters, order))
        if floor is not None:
            value = max(value, 1.0 - value if floor == "direction" else 0.5)
        known = bool(np.isfinite(value))
        sizes = Partition(member.astype(np.int64), 2, weights, clusters).effective_rows()
        return Measurement(
            metric=metric,
            value=value,
            n=len(member),
            smallest_n=int(min(member.sum(), (~member).sum())),
            method="delong" if known else "none",
            se=se if np.isfinite(se) else None,
            counts={"unfavorable": [float(sizes[0])], "favorable": [float(sizes[1])]} if known else {},
            where=where,
        )


def proxy_evidence(
    explanation: Explanation, subject: Subject, protected: ProtectedColumns
) -> Iterator[Evidence]:
    """Return how well the model's other features predict each attribute: measurements, the table ``proxies``, notes.

    The models of all features start to be fitted at once, in the side process if there is one. Predicted is whether a
    row is of an unprivileged group.

    Args:
        explanation: source of each feature's attribution.
        subject: the model and the data; it reads neither images nor free text.
        protected: the columns of each attribute, which are left out.
    """
    sample = draw_proxy_sample(subject)
    features = explanation.order[:_MAX_FEATURES]
    named = {int(place): explanation.columns[place].name for place in features}
    predictions = [
        _predict(attribute, _without(named, protected[attribute.name]), sample)
        for attribute in subject.attributes
    ]
    return _evidence(explanation, subject, sample, predictions)


def _without(named: dict[int, str], columns: Collection[str]) -> dict[int, str]:
    return {place: name for place, name in named.items() if name not in columns}


def _evidence(
    explanation: Explanation, subject: Subject, sample: ProxySample, predictions: "list[_Prediction]"
) -> Iterator[Evidence]:
    if len(sample.index) < subject.rows:
        yield Note(text=f"Proxies of an attribute are measured on {len(sample.index):,} rows.")
    if len(explanation.order) > _MAX_FEATURES:
        yield Note(
            text=f"Of {len(explanation.order):,} features, the {_MAX_FEATURES} of largest attribution are tested as "
            "proxies."
        )
    measurements = [m for prediction in predictions for m in _measurements(prediction)]
    yield from measurements
    yield _table([m for m in measurements if m.metric == _PROXY_STRENGTH], explanation)


@dataclass(frozen=True)
class _Prediction:
    """Prediction of an attribute from the features ``others``, names by column.

    ``scores`` waits for those of all together; None if there is nothing to predict from, or too few rows.
    """

    attribute: Attribute
    others: dict[int, str]
    evaluation: ProxyEvaluation
    scores: Callable[[], np.ndarray] | None


def _predict(attribute: Attribute, others: dict[int, str], sample: ProxySample) -> _Prediction:
    """Start to predict the attribute."""
    member = np.isin(attribute.codes[sample.index], attribute.unprivileged)
    training = draw_half(member, sample.clusters, np.random.default_rng([sample.seed, 6]))
    evaluation = ProxyEvaluation(sample, member, training)
    scores = None
    if others and evaluation.sufficient:
        places = list(others)
        matrix = sample.matrix[:, places]
        scores = submit(tree_scores, matrix, sample.texts[places], member, training, sample.weights)
    return _Prediction(attribute, others, evaluation, scores)


def _measurements(prediction: _Prediction) -> list[Measurement]:
    """Return how well all features together predict the attribute, then each one, the strongest first."""
    evaluation = prediction.evaluation
    where: dict[str, Scalar] = {"attribute": prediction.attribute.name}
    strengths = [
        _strength(place, where | {"feature": name}, evaluation) for place, name in prediction.others.items()
    ]
    strengths.sort(key=lambda m: np.nan_to_num(-m.value, nan=0.0))
    if prediction.scores:
        return [evaluation.evaluate(_PROXY_AUC, prediction.scores(), where), *strengths]
    if prediction.others:
        return [evaluation.unknown(_PROXY_AUC, where), *strengths]
    n = len(evaluation.member)
    return [Measurement(metric=_PROXY_AUC, value=0.5, n=n, method="exact", where=where), *strengths]


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
    about = (
        "how well each feature alone predicts an attribute: texts by group rates, numbers by order or bins"
    )
    features = [(m.where["attribute"], str(m.where["feature"]), m.value) for m in strengths]
    lines = [(*line, means[line[1]] / total if total > 0 else None) for line in features]
    return line_table("proxies", about, ("attribute", "feature", "auc", "share"), lines)
