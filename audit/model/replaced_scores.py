"""Models whose audited scores are not the named output itself, but the class scores that it was made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from audit.frameworks.tensorflow_loader import graph, tensorflow
from audit.model.graph.frozen import Frozen
from audit.model.graph.subgraph import Subgraph
from audit.model.graph.traversal import Operation, node_name
from audit.model.model import Model
from audit.result import Scalar


class InnerScores(Model):
    """A model audited by the tensor ``tensor`` ``(rows, width)`` inside the frozen graph of its output.

    ``meaning`` says in words what that tensor is; ``class_names`` are the label values of its columns, None if unknown.
    """

    def __init__(
        self,
        model: Model,
        frozen: Frozen,
        tensor: str,
        width: int,
        *,
        meaning: str,
        class_names: list[Scalar] | None,
    ) -> None:
        self.__dict__.update(vars(model))
        self.__dict__["freeze_result"] = replace(frozen, output=tensor)
        self._model = model
        self._shape = tensorflow().TensorShape([None, width])
        self._tensor = tensor
        self._width = width
        self.meaning = meaning
        self.class_names = class_names
        self._operation = Operation(frozen.nodes[node_name(tensor)].op, node_name(tensor))
        self._placeholders = frozen.placeholders
        placeholders = [frozen.placeholders[entry.name] for entry in model.entries]
        self._graph = graph(Subgraph(frozen, [tensor], placeholders))

    def __reduce__(self) -> "tuple[Callable[..., InnerScores], tuple[Any, ...]]":
        return _inner_scores, (self._model, self._tensor, self._width, self.meaning, self.class_names)

    @property
    def width(self) -> int:
        """Number of columns of the tensor."""
        return self._width

    @property
    def operation(self) -> Operation:
        """The operation that computes the tensor."""
        return self._operation

    def scores(self, inputs: Mapping[str, Any]) -> Any:
        """Return the tensor for the signature's own inputs, by name."""
        return self._graph({self._placeholders[name]: tensor for name, tensor in inputs.items()})[0]


def _inner_scores(
    model: Model, tensor: str, width: int, meaning: str, class_names: list[Scalar] | None
) -> InnerScores:
    """Return the model of another process, with a frozen graph of this one."""
    frozen = model.frozen
    assert frozen is not None  # it was frozen there
    return InnerScores(model, frozen, tensor, width, meaning=meaning, class_names=class_names)


class LabelledConfidence(Model):
    """A model of two classes whose output is the probability of the class that its output ``label`` names.

    ``second`` are the values of that output that mean the second class; ``class_names`` are the label values.
    """

    def __init__(
        self, model: Model, label: str, second: Sequence[Any], *, meaning: str, class_names: list[Scalar]
    ) -> None:
        self.__dict__.update(vars(model))
        self._label = label
        self._second = list(second)
        self.meaning = meaning
        self.class_names = class_names

    @property
    def width(self) -> int:
        """Two: the probabilities of both classes."""
        return 2

    def scores(self, inputs: Mapping[str, Any]) -> Any:
        """Return the probabilities of both classes ``(rows, 2)``."""
        tf = tensorflow()
        confidence = tf.reshape(self.signature_output(self.output, inputs), [-1])
        label = tf.reshape(self.signature_output(self._label, inputs), [-1])
        is_second = tf.reduce_any([tf.equal(label, tf.constant(v, label.dtype)) for v in self._second], 0)
        second = tf.where(is_second, confidence, 1 - confidence)
        return tf.stack([1 - second, second], 1)
