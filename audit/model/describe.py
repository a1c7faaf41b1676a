"""Description of a model without data: tensors, head, differentiability."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.differentiability import differentiable
from audit.model.head import detect_head
from audit.model.loading.load_errors import lacking_kernel
from audit.model.loading.signature import open_signature
from audit.model.model import Model, tensor_facts
from audit.model.output_choice import choose_output

_MAGNITUDES = [0.0, 1.0, -1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0]
"""The values of made-up rows, at which the gradient is probed."""


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
        "lacking_kernel": None if opened.stateful else _lacking_kernel(models[0]),
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


def _lacking_kernel(model: Model) -> str | None:
    """Return which operation this TensorFlow cannot run, None if made-up rows show none."""
    if not (tensors := _made_up(model)):
        return None
    try:
        model.outputs(tensors)
    except tensorflow().errors.OpError as error:
        return lacking_kernel(error)
    return None


def _differentiable(model: Model) -> bool:
    """Probe the gradient at made-up rows, as far as the inputs allow it."""
    tensors = _made_up(model)
    return bool(tensors) and differentiable(model, tensors)


def _made_up(model: Model) -> dict[str, Any]:
    """Return rows of several magnitudes, none if the inputs do not allow it.

    Inputs of a model that scales them itself have any unit: rows of zeros and ones alone may lie where it is flat.
    """
    tf = tensorflow()
    tensors: dict[str, Any] = {}
    for name, spec in model.fed.items() if _fed(model) else ():
        if spec.shape.rank is None:
            return {}
        shape = [len(_MAGNITUDES) if size is None else size for size in spec.shape]
        if spec.dtype == tf.string:
            tensors[name] = tf.fill(shape, "")
        else:
            values = _values(shape) if spec.dtype.is_floating else np.indices(shape)[0] % 2
            tensors[name] = tf.cast(values, spec.dtype)
    return tensors


def _values(shape: Sequence[int]) -> np.ndarray:
    """Return numbers of each magnitude in turn, one a row, a little different from value to value."""
    size = int(np.prod(shape[1:]))
    rows = np.resize(_MAGNITUDES, shape[0])[:, None] * np.linspace(0.9, 1.1, size)
    return rows.reshape(shape)
