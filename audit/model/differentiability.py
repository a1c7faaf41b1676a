"""Differentiability of a model: whether real rows have a gradient."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow
from audit.machine_errors import raise_if_of_memory
from audit.model.graph.subgraph import Subgraph
from audit.model.loading.load_errors import graph_failure
from audit.model.model import Model


def differentiable(model: Model, tensors: Mapping[str, Any]) -> bool:
    """Return whether an input has a gradient other than 0 at one of these rows.

    For integers, features of a `tf.Example` and pixels of files that is the gradient of the floats made of them.
    """
    floats = [tensor for tensor in tensors.values() if tensor.dtype.is_floating]
    if floats and _has_gradient(lambda: model.outputs(tensors), floats):
        return True
    is_encoded = any(not spec.dtype.is_floating for spec in model.signature.inputs.values())
    return is_encoded and _has_inner_gradient(model, tensors)


def _has_inner_gradient(model: Model, tensors: Mapping[str, Any]) -> bool:
    """Return whether the frozen graph has a gradient with respect to the floats that it makes of its inputs."""
    tf = tensorflow()
    frozen = model.frozen
    if frozen is None:
        return False
    try:
        numbers = [t for t in frozen.inputs.values() if tf.as_dtype(frozen.dtype(t)).is_floating]
        inputs = {frozen.placeholders[entry.name]: entry.tensor(tensors) for entry in model.entries}
        floats = tf.function(Subgraph(frozen, numbers, inputs), autograph=False)(inputs)
        scores = tf.function(Subgraph(frozen, [frozen.output], [*numbers, *inputs]), autograph=False)
    except Exception as error:  # whatever a graph holds of which no subgraph can be taken
        graph_failure(error)
        return False
    return _has_gradient(lambda: scores({**inputs, **dict(zip(numbers, floats, strict=True))})[0], floats)


def _has_gradient(scores: Callable[[], Any], numbers: Sequence[Any]) -> bool:
    tf = tensorflow()
    try:
        with tf.GradientTape() as tape:
            tape.watch(numbers)
            values = scores()
        unequal = tf.cumsum(tf.ones_like(values), axis=-1)  # the columns of a softmax sum to a constant
        gradients = tape.gradient(values, numbers, output_gradients=unequal)
    except (LookupError, ValueError, tf.errors.OpError) as error:  # an operation without a gradient
        raise_if_of_memory(error)
        return False
    return any(
        g is not None and bool(tf.reduce_any(tf.not_equal(tf.cast(g, tf.float32), 0))) for g in gradients
    )
