"""Export of a mutant of a loaded model: the same signature and graph, with changed scores.

A mutant is a SavedModel like any other, so that everything treats it as it would a user's export: the scan, the
loader, the detection of the head, the search for logits, gradients.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.model import Model
from audit.mutants.mutant import ScoreMutation


def export_mutant(model: Model, change: ScoreMutation, folder: Path, column: str | None = None) -> None:
    """Write ``model`` with ``change`` behind its audited output into ``folder``; its other outputs stay.

    Args:
        model: the loaded model; it is not changed.
        change: keeps the outputs' shape; it is traced once, so it must not depend on values in Python.
        folder: the folder of the SavedModel, which has one signature, named as the model's.
        column: the name of a further input, float32 ``(rows,)``, for `change` to read.

    Raises:
        Exception: whatever TensorFlow raises for a graph that cannot be written again.
    """
    tf = tensorflow()
    signature = model.signature
    if _has_legacy_variables(signature.function.graph.as_graph_def()):
        raise ValueError("it holds variables of TensorFlow 1, whose values TensorFlow 2 does not write again")
    specs = {
        name: tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in signature.inputs.items()
    }
    if column:
        specs[column] = tf.TensorSpec([model.batch], tf.float32, name=column)

    def serve(**inputs: Any) -> dict[str, Any]:
        outputs = dict(signature.function(**{name: inputs[name] for name in signature.inputs}))
        raw = outputs[model.output]
        exact = raw.dtype if raw.dtype in (tf.float32, tf.float64) else tf.float32
        added = tf.cast(inputs[column], exact)[:, None] if column else None
        changed = change(tf.reshape(tf.cast(raw, exact), [-1, model.width]), inputs, added)
        changed = tf.reshape(tf.cast(changed, raw.dtype), tf.shape(raw))
        return outputs | {model.output: tf.ensure_shape(changed, raw.shape)}

    module = tf.Module()
    module.candidate = signature.owner  # holds the variables and tables that the graph reads
    with quiet():
        function = tf.function(serve, autograph=False).get_concrete_function(**specs)
        tf.saved_model.save(module, str(folder), signatures={signature.name: function})


def _has_legacy_variables(graph: Any) -> bool:
    nodes = [*graph.node, *(node for body in graph.library.function for node in body.node_def)]
    return any(node.op in ("Variable", "VariableV2") for node in nodes)
