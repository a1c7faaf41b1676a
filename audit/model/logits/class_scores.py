"""Class scores inside a graph whose output is a function of the largest of them, such as a confidence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import expit, softmax

from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.machine_errors import raise_if_of_memory
from audit.model.graph.frozen import Frozen
from audit.model.graph.monotone import nearest_nodes
from audit.model.graph.subgraph import Subgraph
from audit.model.graph.traversal import node_name
from audit.model.logits.candidates import MIN_LOG_ORDERS, log_orders, rises
from audit.model.model import Model

_MAX_NODES = 80
_MAX_CLASSES = 1000
_MIN_ROWS_OF_A_CLASS = 3
_SUM_TOLERANCE = 2e-3
_ORDER_TOLERANCE = 1e-5
_TIE = 1e-6
_MIN_AGREEMENT = 0.999

ScoreKind = Literal["probabilities", "logits"]


@dataclass(frozen=True)
class ClassScores:
    """A tensor of class scores: its name, width and kind, the operation that computes it, and its probabilities.

    ``probabilities`` are those of sample rows, ``(rows, classes)``; one column is the probability of the second class.
    """

    tensor: str
    width: int
    kind: ScoreKind
    operation: str
    probabilities: np.ndarray

    @property
    def largest(self) -> np.ndarray:
        """The largest probability of each row."""
        return np.asarray(self.probabilities.max(1))

    @property
    def classes(self) -> np.ndarray:
        """The most probable class of each row."""
        return np.asarray(self.probabilities.argmax(1))

    @property
    def has_several(self) -> bool:
        """Whether at least two classes are the most probable one in some rows."""
        counts = np.bincount(self.classes)
        return int((counts >= _MIN_ROWS_OF_A_CLASS).sum()) > 1

    def explains(self, score: np.ndarray) -> bool:
        """Return whether ``score`` ``(rows,)`` rises or falls with the largest probability, and with no class's own."""
        scale = max(1.0, float(np.abs(score).max()))
        values = score / scale
        counts = np.unique(np.rint(values / _ORDER_TOLERANCE), return_counts=True)[1]
        if not self.has_several or log_orders(counts) < MIN_LOG_ORDERS:
            return False
        if not _is_monotone(self.largest, values):
            return False
        in_range = self.kind == "probabilities" or values.min() >= 0.5 - _ORDER_TOLERANCE
        return in_range and not any(_is_monotone(column, values) for column in self.probabilities.T)

    def decides(self, labels: np.ndarray) -> bool:
        """Return whether the most probable classes are ``labels`` (codes, ``(rows,)``) under some order of them."""
        sides = np.sort(self.probabilities, axis=1)
        clear = sides[:, -1] - sides[:, -2] > _TIE
        classes = self.classes[clear]
        table = np.zeros((self.probabilities.shape[1], int(labels.max()) + 1))
        np.add.at(table, (classes, labels[clear]), 1)
        own_classes = np.flatnonzero(table.sum(1))
        label_of_class = table[own_classes].argmax(1)
        is_order = len(set(label_of_class.tolist())) == len(own_classes) > 1
        return is_order and bool(table[own_classes, label_of_class].sum() >= _MIN_AGREEMENT * len(classes))


def _is_monotone(cause: np.ndarray, effect: np.ndarray) -> bool:
    return rises(cause, effect, _ORDER_TOLERANCE) or rises(cause, -effect, _ORDER_TOLERANCE)


def class_scores(model: Model, frozen: Frozen, tensors: Mapping[str, Any]) -> Iterator[ClassScores]:
    """Yield what may be scores of the classes, computed for the rows of ``tensors``, the nearest to the output first.

    Probabilities that a sigmoid or softmax computes come before tensors that might be logits.
    """
    candidates = [
        tensor
        for node in nearest_nodes(frozen, _MAX_NODES)
        for tensor in frozen.outputs(node.name)
        if _is_scores(frozen, tensor)
    ]
    inputs = {frozen.placeholders[entry.name]: entry.tensor(tensors) for entry in model.entries}
    try:
        values = graph(Subgraph(frozen, candidates, inputs))(inputs) if candidates else []
    except (ValueError, tensorflow().errors.OpError) as error:  # a part of the graph that cannot be cut
        raise_if_of_memory(error)
        return
    scored = [
        scores
        for tensor, value in zip(candidates, values, strict=True)
        if (scores := _scores(frozen, tensor, np.asarray(value.numpy(), np.float64)))
    ]
    yield from (scores for scores in scored if scores.kind == "probabilities")
    yield from (scores for scores in scored if scores.kind == "logits")


def _is_scores(frozen: Frozen, tensor: str) -> bool:
    shape = frozen.shape(tensor)
    if tensor in frozen.fed_names or not frozen.dtype(tensor).startswith(("float", "bfloat")):
        return False
    has_rows = shape is not None and len(shape) in (1, 2) and shape[0] is None
    return bool(has_rows and shape and (shape[1:] or [1])[0] in range(1, _MAX_CLASSES))


def _scores(frozen: Frozen, tensor: str, values: np.ndarray) -> ClassScores | None:
    values = values.reshape(len(values), -1)
    width = values.shape[1]
    operation = frozen.nodes[node_name(tensor)]
    place = f"{operation.op} ({operation.name})"
    if not len(values) or not np.isfinite(values).all():
        return None
    inside = values.min() >= -_ORDER_TOLERANCE and values.max() <= 1 + _ORDER_TOLERANCE
    if width > 1:
        is_table = inside and bool((np.abs(values.sum(1) - 1) <= _SUM_TOLERANCE).all())
        table = values if is_table else softmax(values, 1)
        return ClassScores(tensor, width, "probabilities" if is_table else "logits", place, table)
    is_probability = inside and operation.op == "Sigmoid"
    second = values[:, 0] if is_probability else expit(values[:, 0])
    kind: ScoreKind = "probabilities" if is_probability else "logits"
    return ClassScores(tensor, 1, kind, place, np.stack([1 - second, second], 1))
