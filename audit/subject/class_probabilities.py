"""Class probabilities of a model whose audited output is none: the largest of them, or a function of it.

Such an output is refused, since P(second class) cannot be read off it. Where the signature also gives the label, the
audit follows the class scores in the graph that agree with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audit.data.labels import Labels, Targets
from audit.data.row_hashes import HashKey
from audit.data.source import Source
from audit.errors import AuditError, MachineFault, ScoresRefused
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.label_outputs import LabelOutput, label_outputs_of
from audit.model.logits.class_scores import ClassScores, class_scores
from audit.model.model import Model
from audit.model.replaced_scores import InnerScores, LabelledConfidence
from audit.result import Scalar
from audit.subject.batches import feature_batches
from audit.subject.served_labels import classes_of
from audit.subject.sources import BoundModel

_SAMPLE_ROWS = 4096
_TOLERANCE = 1e-6
_PLAIN = frozenset(
    {"Sigmoid", "Softmax", "LogSoftmax", "BiasAdd", "MatMul", "BatchMatMulV2", "Einsum", "Placeholder"}
)  # operations that compute probabilities of one class, or logits: `require_unfolded` tests the rest on all rows


def with_class_probabilities(bound: BoundModel, source: Source, labels: Labels | Targets) -> BoundModel:
    """Return the model as it is audited: by its output, or by the class scores that a largest one was taken of.

    Raises:
        ScoresRefused: the output is a function of the largest probability, and no label goes with it.
    """
    model = bound.model
    declared = bound.policy.model.output.kind
    named = label_outputs_of(model)
    if isinstance(labels, Targets) or declared == "regression":
        return bound
    if not named and model.operation.type in _PLAIN:
        return bound
    sample = _Sample.of(bound, source, labels, named[0] if named else None)
    if sample is None or sample.raw.shape[1] > 2:
        return bound
    folded = next((scores for scores in sample.scores if scores.explains(sample.score)), None)
    if sample.label:
        return _by_label(bound, sample, sample.label, folded)
    if folded:
        raise refusal(model.output, _reason(model, folded, sample.score))
    return bound


def refusal(output: str, reason: str) -> ScoresRefused:
    """Return the error of an output that is the largest probability, or follows from it; ``reason`` says why."""
    return ScoresRefused(
        where=f"model.output: {output!r}",
        expected="a probability for each class, or that of one class",
        found=f"the largest probability of each row, or what follows from it: {reason}",
        fix="export the probability of every class, or of one class, or let the signature also return the decided "
        "class in an output named 'label': the audit then decides by it",
    )


@dataclass(frozen=True)
class _Sample:
    """Rows of the first batch: raw scores ``(rows, width)``, the label's codes, and scores inside the graph.

    ``values`` are the label values in the order of the classes, as far as it is known.
    """

    raw: np.ndarray
    labels: Labels
    values: Sequence[Scalar]
    label: LabelOutput | None
    codes: np.ndarray
    scores: list[ClassScores]

    @classmethod
    def of(
        cls, bound: BoundModel, source: Source, labels: Labels, label: LabelOutput | None
    ) -> "_Sample | None":
        """Return the sample; None where the model has no scores, of which scoring says why."""
        model = bound.model
        try:
            tensors = _first_rows(bound, source)
            raw = model(tensors).astype(np.float64)
        except MachineFault:
            raise
        except AuditError:
            return None
        values = bound.policy.model.classes or labels.values
        codes = label.add(tensors) if label else np.empty(0, np.int32)
        scores = list(class_scores(model, model.frozen, tensors)) if model.frozen else []
        return cls(raw, labels, values, label, codes, scores)

    @property
    def score(self) -> np.ndarray:
        """The score of the second of two classes, if it is one."""
        return np.asarray(self.raw[:, -1])

    def is_confidence(self) -> bool:
        """Return whether scores are never below one half, and both labels go with large and small ones."""
        score = self.raw[:, 0]
        counts = np.bincount(self.codes)
        if self.raw.shape[1] > 1 or len(counts) != 2 or counts.min() < 1:
            return False
        inside = score.min() >= 0.5 - _TOLERANCE and score.max() <= 1 + _TOLERANCE
        sides = [score[self.codes == code] for code in (0, 1)]
        overlap = max(side.min() for side in sides) < min(side.max() for side in sides)
        return bool(inside and overlap)


def _first_rows(bound: BoundModel, source: Source) -> dict[str, Any]:
    batches = feature_batches(bound.feeds, source, bound.policy.data.missing, HashKey(0))
    tensors = next(batches).tensors(bound.feeds)
    rows = len(next(iter(tensors.values())))
    places = np.arange(0, rows, -(-rows // _SAMPLE_ROWS))
    return {name: tensorflow().gather(tensor, places) for name, tensor in tensors.items()}


def _reason(model: Model, scores: ClassScores, score: np.ndarray) -> str:
    equal = bool(np.abs(scores.largest - score).max() <= 1e-3)
    follows = "is the largest column of" if equal else "follows from the largest column of"
    return (
        f"{model.output!r} {follows} {scores.operation} in all {len(score):,} rows that were compared, "
        f"computed by {model.operation.type} ({model.operation.name})"
    )


def _by_label(
    bound: BoundModel, sample: _Sample, label: LabelOutput, folded: ClassScores | None
) -> BoundModel:
    """Return the model by the class scores that agree with its label; itself if its output is one of them."""
    several = len(sample.values) > 2 and sample.raw.shape[1] == 1
    if folded or several:
        agreeing = (
            scores
            for scores in sample.scores
            if scores.decides(sample.codes) and (several or scores.explains(sample.score))
        )
        class_scores = next(agreeing, folded)
        return _by_scores(bound, sample, label, class_scores) if class_scores else bound
    is_confidence = sample.is_confidence() and len(sample.values) == 2
    return _by_confidence(bound, sample, label) if is_confidence else bound


def _by_scores(bound: BoundModel, sample: _Sample, label: LabelOutput, scores: ClassScores) -> BoundModel:
    model = bound.model
    frozen = model.frozen
    assert frozen is not None  # scores were cut out of it
    meaning = (
        f"the class {scores.kind} in the graph ({scores.operation}), since output {model.output!r} is no probability "
        f"of one class; decisions are those of output {label.name!r}"
    )
    names = _class_names(scores, sample, label)
    inner = InnerScores(model, frozen, scores.tensor, scores.width, meaning=meaning, class_names=names)
    return _with_model(bound, inner, scores.kind)


def _class_names(scores: ClassScores, sample: _Sample, label: LabelOutput) -> list[Scalar] | None:
    """Return the label value of each class by the label output, None if it does not name values of the data."""
    known = {sample.labels.identity(value): value for value in sample.values}
    table = np.zeros((scores.probabilities.shape[1], len(label.values)))
    np.add.at(table, (scores.classes, sample.codes), 1)
    names = [sample.labels.identity(label.values[code]) for code in table.argmax(1)]
    is_order = table.any(1).all() and len(set(names)) == len(names) and set(names) <= known.keys()
    return [known[name] for name in names] if is_order and not label.is_number else None


def _by_confidence(bound: BoundModel, sample: _Sample, label: LabelOutput) -> BoundModel:
    at = classes_of(label, sample.values, sample.labels)
    if at is None or sorted(at) != [0, 1]:
        return bound
    second = [raw for raw, code in label.raw_values.items() if at[code] == 1]
    meaning = (
        f"output {bound.model.output!r} is the probability of the class in output {label.name!r}, which decides; "
        "the other class has the rest"
    )
    names = list(sample.values)
    model = LabelledConfidence(bound.model, label.name, second, meaning=meaning, class_names=names)
    return _with_model(bound, model, "probabilities")


def _with_model(bound: BoundModel, model: Model, kind: Any) -> BoundModel:
    spec = bound.policy.model
    output = spec.output.model_copy(update={"kind": kind})
    policy = bound.policy.model_copy(update={"model": spec.model_copy(update={"output": output})})
    warning = f"Scores: {model.meaning}."
    return replace(bound, model=model, policy=policy, warnings=[*bound.warnings, warning])
