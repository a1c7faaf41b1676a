"""Whether a model is differentiable: probed at real rows, where numbers enter its graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.subgraph import Subgraph
from audit.model.loading.load_errors import graph_failure
from audit.model.model import Model


def differentiable(model: Model, tensors: Mapping[str, Any]) -> bool:
    """Tell whether a gradient of the output reaches a number that the model is fed, at these rows.

    Whole numbers, features of a `tf.Example` and pixels of files count where the graph has made floats of them.
    """
    floats = [tensor for tensor in tensors.values() if tensor.dtype.is_floating]
    if floats and _reaches(lambda: model.outputs(tensors), floats):
        return True
    return len(floats) < len(tensors) and _behind(model, tensors)


def _behind(model: Model, tensors: Mapping[str, Any]) -> bool:
    """Probe the cut graph at what the numbers become in it."""
    tf = tensorflow()
    frozen = model.frozen
    if frozen is None:
        return False
    try:
        numbers = [t for t in frozen.inputs.values() if tf.as_dtype(frozen.dtype(t)).is_floating]
        own = {frozen.placeholders[entry.name]: entry.tensor(tensors) for entry in model.entries}
        found = tf.function(Subgraph(frozen, numbers, own), autograph=False)(own)
        cut = tf.function(Subgraph(frozen, [frozen.output], [*numbers, *own]), autograph=False)
    except Exception as error:  # whatever a graph holds that cannot be cut
        graph_failure(error)
        return False
    return _reaches(lambda: cut({**own, **dict(zip(numbers, found, strict=True))})[0], found)


def _reaches(scores: Callable[[], Any], numbers: Sequence[Any]) -> bool:
    tf = tensorflow()
    try:
        with tf.GradientTape() as tape:
            tape.watch(numbers)
            found = scores()
        unequal = tf.cumsum(tf.ones_like(found), axis=-1)  # the columns of a softmax sum to a constant
        gradients = tape.gradient(found, numbers, output_gradients=unequal)
    except (LookupError, ValueError, tf.errors.OpError):  # an operation without a gradient
        return False
    return any(
        g is not None and bool(tf.reduce_any(tf.not_equal(tf.cast(g, tf.float32), 0))) for g in gradients
    )
