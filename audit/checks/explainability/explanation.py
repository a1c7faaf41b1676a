"""SHAP values of sampled rows: the object that the explainability check measures on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Any, NamedTuple

import numpy as np

from audit.attribution import Attributions, BatchFunction, MaskedGraph, attribute
from audit.attribution.expected_gradients import ExpectedGradients, expected_gradients
from audit.check import Skip
from audit.checks.explainability.rare_values import RareValues, find_rare_values
from audit.checks.explainability.unseen_values import explain_unseen
from audit.execution import Backend, LocalBackend
from audit.execution.plan import call_ranges
from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.inputs.features import Column
from audit.model.decision import explained_logit, explained_score
from audit.model.graph.multiply_adds import WRITING
from audit.model.graph.row_width import rows_of_call
from audit.result import Measurement, Scalar
from audit.stats.group_estimates import Partition
from audit.subject.subject import Subject

_MASKING = 4 * WRITING
"""Multiply-adds that take as long as masking a number: it is read twice, chosen and written."""


class Sampling(NamedTuple):
    """Options of an attribution: see `attribute`."""

    seed: int
    tolerance: float
    memory_bytes: int
    max_evaluations: float = inf


@dataclass(frozen=True)
class ExplainedOutput:
    """Explained output of a model, named ``unit``, as a function of a matrix of features.

    ``f`` maps an encoded matrix to ``(rows,)``; ``encode`` encodes a matrix ``(rows, numbers)`` of ``dtype``. Where the
    class decided on is explained, ``f`` takes the target class of each line as well, and ``decide`` returns that of
    encoded rows; None where the favourable outcome is explained.
    ``feature_of_column`` and ``floats_per_row`` are ``players`` and ``widest`` of `audit.model.logits.logits.Logits`;
    ``multiply_adds`` are those of one masked row. ``backend`` computes attributions.
    """

    f: BatchFunction
    encode: Callable[[np.ndarray], np.ndarray]
    feature_of_column: np.ndarray
    floats_per_row: int
    dtype: Any
    unit: str
    multiply_adds: int = 1
    decide: Callable[[np.ndarray], np.ndarray] | None = None
    backend: Backend = field(default_factory=LocalBackend)

    @classmethod
    def of(cls, subject: Subject, score: bool) -> "ExplainedOutput":
        """Return the favourable outcome's log-odds, or with ``score`` P(favourable); a regression's prediction.

        Where no class is favourable, it is the class that is decided on in each row.

        Raises:
            Skip: the model reads images and other columns.
        """
        matrix = subject.features.data.matrix
        if subject.image_column is None and any(column.shape for column in subject.features.columns):
            raise Skip("a model that takes images together with other columns is not explained")
        logits = subject.logits
        rule = subject.decision_rule
        outcome = explained_score if score else explained_logit
        tf = tensorflow()
        # Traced once: the numbers of rows differ from call to call.
        encode = graph(logits.encode, [tf.TensorSpec([None, matrix.shape[1]], matrix.dtype)])
        decide = graph(
            lambda encoded: tf.argmax(logits.graph(encoded), axis=1, output_type=tf.int32),
            [tf.TensorSpec([None, len(logits.players)], matrix.dtype)],
        )
        quantity = "score" if score else "log-odds"
        outcome_name = "the favourable outcome" if rule.favorable else "the predicted class"
        return cls(
            f=lambda encoded, *target: outcome(logits.graph(encoded), rule, *target),
            encode=lambda rows: np.asarray(encode(rows)),
            decide=None if rule.favorable else lambda encoded: np.asarray(decide(encoded)),
            feature_of_column=logits.players,
            floats_per_row=logits.widest,
            dtype=matrix.dtype,
            backend=subject.backend,
            multiply_adds=subject.multiply_adds + _MASKING * len(logits.players),
            unit="the prediction" if rule.head.kind == "regression" else f"the {quantity} of {outcome_name}",
        )

    @cached_property
    def _compiled(self) -> Any:
        tf = tensorflow()
        tables = [tf.TensorSpec([None, len(self.feature_of_column)], self.dtype)]
        return graph(self.f, tables if self.decide is None else [*tables, tf.TensorSpec([None], tf.int32)])

    @cached_property
    def _masked(self) -> MaskedGraph:
        return MaskedGraph(self.f)

    def __call__(self, matrix: np.ndarray, targets: np.ndarray | None = None) -> np.ndarray:
        """Return the output of a matrix that is not encoded, float64 ``(rows,)``, for `targets` of the same rows."""
        tables = [matrix] if targets is None else [matrix, targets]
        calls = self._calls(lambda rows, *target: self._compiled(self.encode(rows), *target).numpy(), *tables)
        return np.asarray(calls.astype(np.float64))

    def targets(self, matrix: np.ndarray) -> np.ndarray | None:
        """Return the class decided on in each row that is not encoded, int32; None if it is not what is explained."""
        decide = self.decide
        return None if decide is None else self._calls(lambda rows: decide(self.encode(rows)), matrix)

    def _calls(self, function: Callable[..., np.ndarray], *tables: np.ndarray) -> np.ndarray:
        """Return what the function of tables with a line a row gives, by calls of bounded memory."""
        parts = call_ranges(len(tables[0]), rows_of_call(self.floats_per_row))
        return np.concatenate([function(*(table[part.slice] for table in tables)) for part in parts])

    def attribute(
        self, rows: np.ndarray, references: np.ndarray, features: np.ndarray, sampling: Sampling
    ) -> Attributions:
        """Return the SHAP values of rows that are not encoded; ``features`` is the feature of each encoded column."""
        tables = (self.encode(rows), self.encode(references))
        return attribute(self._masked, *tables, feature_of_column=features, **self._options(rows, sampling))

    def gradients(self, rows: np.ndarray, references: np.ndarray, sampling: Sampling) -> ExpectedGradients:
        """Return the expected gradients at rows that are not encoded."""
        tables = (self.encode(rows), self.encode(references))
        return expected_gradients(self.f, *tables, **self._options(rows, sampling))

    def _options(self, rows: np.ndarray, sampling: Sampling) -> dict[str, Any]:
        return {
            **sampling._asdict(),
            "floats_per_row": self.floats_per_row,
            "targets": self.targets(rows),
            "backend": self.backend,
        }


@dataclass(frozen=True)
class Explanation:
    """SHAP values of sampled rows.

    ``rows`` are their numbers in the data, from 0; ``matrix`` and ``references`` hold rows in the features' columns.
    ``output`` maps such a matrix to the explained output. ``partition`` is one group of all rows, with their weights
    and clusters. ``rare`` are the values that rows or references lack. ``targets`` are the classes that are explained,
    int32 ``(rows,)``; None if it is the favourable outcome in all rows.
    """

    columns: list[Column]
    rows: np.ndarray
    matrix: np.ndarray
    references: np.ndarray
    attributions: Attributions
    output: ExplainedOutput
    partition: Partition
    rare: RareValues
    targets: np.ndarray | None = None

    @cached_property
    def magnitudes(self) -> np.ndarray:
        """Absolute SHAP values ``(rows, features)``."""
        return np.asarray(np.abs(self.attributions.values))

    @cached_property
    def total_magnitudes(self) -> np.ndarray:
        """Their sum over the features ``(rows,)``."""
        return np.asarray(self.magnitudes.sum(1))

    @cached_property
    def completed_magnitudes(self) -> np.ndarray:
        """Absolute SHAP values ``(rows, features)``, with those of the references that a rare value lacks.

        A SHAP value against one reference row is the negative of the one with row and reference exchanged. So what the
        rows of a rare value are attributed against the references is what all references would be attributed together
        against as many rows of the rare value: without any among them, half of its mean is missing.
        """
        return np.asarray(self.magnitudes * (1 + self.rare.unrepresented))

    @cached_property
    def completed_totals(self) -> np.ndarray:
        """Sum of `completed_magnitudes` over the features ``(rows,)``."""
        return np.asarray(self.completed_magnitudes.sum(1))

    @cached_property
    def mean_magnitudes(self) -> np.ndarray:
        """Their mean over the rows ``(features,)``."""
        return np.array([self.mean(part) for part in self.magnitudes.T])

    @cached_property
    def order(self) -> np.ndarray:
        """The features by falling mean magnitude; equal ones in the order of columns."""
        return np.asarray(np.argsort(-self.mean_magnitudes, kind="stable"))

    @cached_property
    def effective_rows(self) -> float:
        """Number of independent observations among the rows."""
        return float(self.partition.effective_rows()[0])

    def value(self, place: int, feature: int) -> float | str:
        """Return the value of a feature, by its index, in the explained row at ``place``: a text of a text column."""
        column = self.columns[feature]
        value = self.matrix[place, feature]
        return column.vocabulary[int(value)] if column.vocabulary else float(value)

    def mean(self, values: np.ndarray) -> float:
        """Return the weighted mean over the rows of ``values``, ``(rows,)``."""
        return float(self.partition.mean(values)[0])

    def measurement(
        self, name: str, value: float, method: str, where: dict[str, Scalar] | None = None, **details: Any
    ) -> Measurement:
        """Return the measurement of a metric on all explained rows."""
        metric = f"explainability.{name}"
        return Measurement(
            metric=metric, value=value, n=len(self.rows), method=method, where=where or {}, **details
        )


def explain(
    subject: Subject,
    output: ExplainedOutput,
    rows: np.ndarray,
    references: np.ndarray,
    sampling: Sampling,
) -> Explanation:
    """Attribute an output at sampled rows to the columns; ``rows`` and ``references`` are indices of features read.

    Raises:
        Skip: the model's output is not finite somewhere.
    """
    features = subject.features
    matrix = features.data.matrix[rows]
    background = features.background.matrix[references]
    try:
        attributions = output.attribute(matrix, background, output.feature_of_column, sampling)
    except ValueError as reason:
        raise Skip(
            f"rows whose features are mixed with those of reference rows have no SHAP values: {reason}"
        ) from None
    index = features.data.index[rows]
    parts = (None if part is None else part[index] for part in (subject.weights, subject.clusters))
    partition = Partition(np.zeros(len(index), np.int64), 1, *parts)
    rare = find_rare_values(
        features.data.matrix,
        features.background.matrix,
        rows,
        references,
        len(features.columns),
        *(
            None if part is None else part[features.data.index]
            for part in (subject.weights, subject.clusters)
        ),
    )
    remaining = sampling.max_evaluations - attributions.evaluations
    rest = sampling._replace(max_evaluations=remaining)
    rare = explain_unseen(
        rare,
        lambda more: output.attribute(features.data.matrix[more], background, output.feature_of_column, rest),
        rows=len(rows),
        affordable=remaining * len(rows) / max(1, attributions.evaluations),
    )
    return Explanation(
        features.columns,
        index,
        matrix,
        background,
        attributions,
        output,
        partition,
        rare,
        output.targets(matrix),
    )
