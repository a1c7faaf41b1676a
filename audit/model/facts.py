"""What can be said of a model without data: tensors, head, whether it is differentiable."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from audit.errors import AuditError
from audit.model.framework import tensorflow
from audit.model.head import detect_head
from audit.model.model import Model, tensor_facts
from audit.model.signature import open_signature


def describe(path: Path, signature: str) -> dict[str, Any]:
    """Return inputs, outputs, the head of the output (if there is one only) and differentiability.

    Raises:
        AuditError: the model cannot be loaded or has no such signature.
    """
    opened = open_signature(path, signature)
    models = [Model(opened, output, str(path)) for output in opened.outputs]
    return {
        "signature": opened.name,
        "inputs": [asdict(tensor_facts(name, spec)) for name, spec in opened.inputs.items()],
        "outputs": [asdict(tensor_facts(name, spec)) for name, spec in opened.outputs.items()],
        "head": _head(models),
        "differentiable": any(_differentiable(model) for model in models),
    }


def _head(models: list[Model]) -> dict[str, str | None]:
    if len(models) > 1:
        return {
            "kind": None,
            "evidence": f"{len(models)} outputs: choose one with model.output: {{name: OUTPUT}}",
        }
    try:
        operation, width = models[0].operation, models[0].width
    except AuditError as error:
        return {"kind": None, "evidence": f"expected {error.expected}, found {error.found}"}
    found = detect_head("auto", operation, width, None)
    if found:
        return {"kind": found.kind, "evidence": found.evidence}
    return {
        "kind": None,
        "evidence": f"computed by {operation.type} ({operation.name}): logits or a regression, by the data",
    }


def _differentiable(model: Model) -> bool:
    """Probe the gradient at two made-up rows, of zeros and of ones, as far as the inputs allow it."""
    tf = tensorflow()
    tensors = {}
    for name, spec in model.signature.inputs.items():
        if spec.shape.rank is None:
            return False
        shape = [2 if size is None else size for size in spec.shape]
        if spec.dtype == tf.string:
            tensors[name] = tf.fill(shape, "")
        else:
            tensors[name] = tf.cast(tf.cumsum(tf.ones(shape, tf.int32)) - 1, spec.dtype)
    return model.differentiable(tensors)
