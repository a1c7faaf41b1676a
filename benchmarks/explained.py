"""Sampled Adult rows and references, and two attribution methods: ours, and shap's as users call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from adult import FAVORABLE, LABEL, Adult

from audit.attribution import Attributions
from audit.check import policy_from
from audit.checks.explainability.check import Explainability
from audit.checks.explainability.explanation import ExplainedOutput, Sampling, explain
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.decision import explained_logit
from audit.subject.loading import load_subject
from audit.subject.subject import Subject

ROWS, REFERENCES = 1000, 100
_LEAST = 1e-7  # nearer to 0 or 1, 32-bit scores have no finite log-odds


@dataclass(frozen=True)
class Sample:
    """A model with rows to be explained (1,000, features) and references (100, features); texts are codes."""

    subject: Subject
    rows: np.ndarray
    references: np.ndarray

    @property
    def x(self) -> np.ndarray:
        return self.subject.features.data.matrix[self.rows]

    @property
    def background(self) -> np.ndarray:
        return self.subject.features.background.matrix[self.references]

    def ours(self) -> Attributions:
        """Explain all rows as the check does, under its defaults."""
        defaults = Explainability()
        options = Sampling(self.subject.seed, defaults.error, defaults.memory_mb * 2**20)
        output = ExplainedOutput.of(self.subject, score=False)
        return explain(self.subject, output, self.rows, self.references, options).attributions

    def shap(
        self, f: Callable[[np.ndarray], np.ndarray], rows: int, explainer: str = "Explainer"
    ) -> np.ndarray:
        """Explain the first rows by an explainer of shap under its defaults (Exact needs its limit raised)."""
        import shap

        kind = shap.explainers.Exact if explainer == "Exact" else shap.Explainer
        explain = kind(f, shap.maskers.Independent(self.background, max_samples=len(self.references)))
        limit = {"max_evals": 2 ** self.x.shape[1] + 1} if explainer == "Exact" else {}
        return np.asarray(explain(self.x[:rows], silent=True, **limit).values)


def sample(adult: Adult) -> Sample:
    """Load a model and draw its rows and references."""
    data = {"path": str(adult.test), "background": str(adult.train), "label": LABEL, "favorable": FAVORABLE}
    policy = policy_from({"version": 1, "model": {"path": str(adult.model)}, "data": data})
    subject, rng = load_subject(policy, lambda *_: None), np.random.default_rng(0)
    counts = len(subject.features.data.matrix), len(subject.features.background.matrix)
    chosen = (rng.choice(count, n, False) for count, n in zip(counts, (ROWS, REFERENCES), strict=True))
    return Sample(subject, *chosen)


def true_logit(given: Sample) -> Callable[[np.ndarray], np.ndarray]:
    """Return the logit cut out of the graph: of the exact values that all others are compared with."""
    logits, decider, tf = given.subject.logits, given.subject.decision_rule, tensorflow()
    graph = tf.function(lambda rows: explained_logit(logits(rows), decider))
    return lambda rows: graph(tf.constant(rows, given.x.dtype)).numpy()


def of_signature(given: Sample) -> Callable[[np.ndarray], np.ndarray]:
    """Return log-odds by calling the signature of one tensor, as whoever loads the model can."""
    model, tf = given.subject.model, tensorflow()
    (name,) = model.signature.inputs

    def log_odds(rows: np.ndarray) -> np.ndarray:
        return _log_odds(
            model.signature.function(**{name: tf.constant(rows, tf.float32)})[model.output].numpy()
        )

    return log_odds


def of_predict(network: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Return log-odds by Keras' predict, as tutorials do."""
    return lambda rows: _log_odds(network.predict(rows, verbose=0))


def of_codes(given: Sample) -> Callable[[np.ndarray], np.ndarray]:
    """Return log-odds by the signature of strings, given codes: decoded in one graph for all numbers of rows."""
    subject, tf = given.subject, tensorflow()
    columns = {column.name: (i, column.vocabulary) for i, column in enumerate(subject.features.columns)}
    places = {feed.name: columns[feed.columns[0]] for feed in subject.feeds}

    def tensor(rows: Any, place: int, words: list[str] | None) -> Any:
        numbers = rows[:, place : place + 1]
        return numbers if words is None else tf.gather(tf.constant(words), tf.cast(numbers, tf.int32))

    @tf.function(input_signature=[tf.TensorSpec([None, len(columns)], given.x.dtype)])
    def scores(rows: Any) -> Any:
        given = {name: tensor(rows, *place) for name, place in places.items()}
        return subject.model.signature.function(**given)[subject.model.output]

    return lambda rows: _log_odds(scores(tf.constant(rows, given.x.dtype)).numpy())


def _log_odds(scores: np.ndarray) -> np.ndarray:
    inside = np.clip(scores[:, 0].astype(np.float64), _LEAST, 1 - _LEAST)
    return np.asarray(np.log(inside) - np.log1p(-inside))
