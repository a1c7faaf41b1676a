"""Differentiability of a model: whether real rows have a gradient."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow
from audit.machine_errors import raise_if_of_memory
from audit.model.graph.subgraph import Subgraph
from audit.model.loading.load_errors import graph_failure
from audit.model.model import Model, parts_of

_TENSORS_OF_TAPE = 8
"""Beyond what other calls hold at once, of a deep network: the tape of an eager call keeps those of all layers."""


def differentiable(model: Model, tensors: Mapping[str, Any]) -> bool:
    """Return whether an input has a gradient other than 0 at one of these rows.

    For integers, features of a `tf.Example` and pixels of files that is the gradient of the floats made of them.
    """
    parts = list(parts_of(tensors, max(1, model.rows_of_call(tensors) // _TENSORS_OF_TAPE)))
    floats = [name for name, tensor in tensors.items() if tensor.dtype.is_floating]
    if floats and any(_has_gradient(model.outputs, part, [part[name] for name in floats]) for part in parts):
        return True
    is_encoded = any(not spec.dtype.is_floating for spec in model.signature.inputs.values())
    return is_encoded and _has_inner_gradient(model, parts)


def _has_inner_gradient(model: Model, parts: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the frozen graph has a gradient with respect to the floats that it makes of its inputs."""
    tf = tensorflow()
    frozen = model.frozen
    if frozen is None:
        return False
    try:
        numbers = [t for t in frozen.inputs.values() if tf.as_dtype(frozen.dtype(t)).is_floating]
        placeholders = [frozen.placeholders[entry.name] for entry in model.entries]
        floats_of = tf.function(Subgraph(frozen, numbers, placeholders), autograph=False)
        scores_of = tf.function(Subgraph(frozen, [frozen.output], [*numbers, *placeholders]), autograph=False)
        for part in parts:
            inputs = {frozen.placeholders[entry.name]: entry.tensor(part) for entry in model.entries}
            floats = floats_of(inputs)
            tensors = {**inputs, **dict(zip(numbers, floats, strict=True))}
            if _has_gradient(lambda inputs: scores_of(inputs)[0], tensors, floats):
                return True
    except Exception as error:  # whatever a graph holds of which no subgraph can be taken
        graph_failure(error)
    return False


def _has_gradient(
    scores: Callable[[Mapping[str, Any]], Any], tensors: Mapping[str, Any], numbers: Sequence[Any]
) -> bool:
    """Return whether the scores of ``tensors`` have a gradient with respect to those of them in ``numbers``."""
    tf = tensorflow()
    try:
        with tf.GradientTape() as tape:
            tape.watch(numbers)
            values = scores(tensors)
        unequal = tf.cumsum(tf.ones_like(values), axis=-1)  # the columns of a softmax sum to a constant
        gradients = tape.gradient(values, numbers, output_gradients=unequal)
    except (LookupError, ValueError, tf.errors.OpError) as error:  # an operation without a gradient
        raise_if_of_memory(error)
        return False
    return any(
        g is not None and bool(tf.reduce_any(tf.not_equal(tf.cast(g, tf.float32), 0))) for g in gradients
    )
