"""Exports a variant of a loaded model: the same signature around its graph, with changed scores.

A variant is a SavedModel like any other, so that everything meets it as it would a user's export: the scan, the
loader, the head's detection, cutting, gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.model import Model

Change = Callable[[Any, Mapping[str, Any]], Any]
"""Returns changed outputs for raw outputs ``(rows, width)`` and what the signature is fed, tensors by name."""


def export_variant(model: Model, change: Change, folder: Path, added: str | None = None) -> None:
    """Write ``model`` with ``change`` behind its audited output into ``folder``; its other outputs stay.

    Args:
        model: the loaded model; it is not changed.
        change: keeps the outputs' shape; it is traced once, so it must not depend on values in Python.
        folder: of the SavedModel, which has one signature, named as the model's.
        added: the name of a further input, float32 ``(rows,)``, for `change` to read.

    Raises:
        Exception: whatever TensorFlow raises for a graph that cannot be written again.
    """
    tf, signature = tensorflow(), model.signature
    if _variables_of_old(signature.function.graph.as_graph_def()):
        raise ValueError("it holds variables of TensorFlow 1, whose values TensorFlow 2 does not write again")
    specs = {
        name: tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in signature.inputs.items()
    }
    if added:
        specs[added] = tf.TensorSpec([model.batch], tf.float32, name=added)

    def serve(**fed: Any) -> dict[str, Any]:
        found = dict(signature.function(**{name: fed[name] for name in signature.inputs}))
        found[model.output] = _changed(found[model.output], model.width, change, fed)
        return found

    module = tf.Module()
    module.candidate = signature.owner  # holds the variables and tables that the graph reads
    with quiet():
        function = tf.function(serve, autograph=False).get_concrete_function(**specs)
        tf.saved_model.save(module, str(folder), signatures={signature.name: function})


def _variables_of_old(graph: Any) -> bool:
    nodes = [*graph.node, *(node for body in graph.library.function for node in body.node_def)]
    return any(node.op in ("Variable", "VariableV2") for node in nodes)


def _changed(raw: Any, width: int, change: Change, fed: Mapping[str, Any]) -> Any:
    """Return the changed output in the shape and type of ``raw``; it is computed in 32 bits or more."""
    tf = tensorflow()
    exact = raw.dtype if raw.dtype in (tf.float32, tf.float64) else tf.float32
    changed = change(tf.reshape(tf.cast(raw, exact), [-1, width]), fed)
    return tf.ensure_shape(tf.reshape(tf.cast(changed, raw.dtype), tf.shape(raw)), raw.shape)
