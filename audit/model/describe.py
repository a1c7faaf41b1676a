"""Description of a model without data: tensors, head, differentiability."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.differentiability import differentiable
from audit.model.head import detect_head
from audit.model.loading.signature import open_signature
from audit.model.model import Model, tensor_facts
from audit.model.output_choice import choose_output


def describe(path: Path, signature: str) -> dict[str, Any]:
    """Return inputs, outputs, the head of each output and differentiability, as `audit inspect` reports them.

    ``head`` is that of the output that would be audited, ``heads`` has one for each by name; ``fed`` are the features
    that the graph parses out of serialized examples, else the inputs.

    Raises:
        AuditError: the model cannot be loaded or has no such signature.
    """
    opened = open_signature(path, signature)
    models = [Model(opened, output, str(path)) for output in opened.outputs]
    heads = {model.output: _head(model) for model in models}
    return {
        "signature": opened.name,
        "inputs": [asdict(tensor_facts(name, spec)) for name, spec in opened.inputs.items()],
        "fed": _fed(models[0]),
        "outputs": [asdict(tensor_facts(name, spec)) for name, spec in opened.outputs.items()],
        "head": _audited(opened.outputs, heads),
        "heads": heads,
        "stateful_operations": opened.stateful,
        # a model that waits for a queue would never answer
        "differentiable": not opened.stateful and any(_differentiable(model) for model in models),
    }


def _audited(outputs: Mapping[str, Any], heads: Mapping[str, dict[str, str | None]]) -> dict[str, str | None]:
    try:
        return heads[choose_output(None, outputs, "")]
    except AuditError:
        choose = "choose one with model.output: {name: OUTPUT}"
        return {"kind": None, "evidence": f"{len(outputs)} outputs: {choose}"}


def _fed(model: Model) -> list[dict[str, Any]]:
    try:
        return [asdict(tensor_facts(name, spec)) for name, spec in model.fed.items()]
    except AuditError:  # an input that no columns can feed: the error of an audit has the reason
        return []


def _head(model: Model) -> dict[str, str | None]:
    try:
        operation = model.operation
        head = detect_head("auto", operation, model.width, None)
    except AuditError as error:
        return {"kind": None, "evidence": f"expected {error.expected}, found {error.found}"}
    if head:
        return {"kind": head.kind, "evidence": head.evidence}
    undecided = f"computed by {operation.type} ({operation.name}): logits or a regression, by the data"
    return {"kind": None, "evidence": undecided}


def _differentiable(model: Model) -> bool:
    """Probe the gradient at two made-up rows, of zeros and of ones, as far as the inputs allow it."""
    tf = tensorflow()
    tensors = {}
    if not _fed(model):
        return False
    for name, spec in model.fed.items():
        if spec.shape.rank is None:
            return False
        shape = [2 if size is None else size for size in spec.shape]
        if spec.dtype == tf.string:
            tensors[name] = tf.fill(shape, "")
        else:
            tensors[name] = tf.cast(tf.cumsum(tf.ones(shape, tf.int32)) - 1, spec.dtype)
    return differentiable(model, tensors)
