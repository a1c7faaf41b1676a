"""Opens a model, whatever form it lies in, and takes out one signature."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.errors import AuditError, did_you_mean, quote_list
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.loading.keras import open_keras
from audit.model.loading.saved_model import open_saved_model
from audit.model.loading.scan import own_artifact


@dataclass(frozen=True)
class Signature:
    """One signature of a loaded model.

    ``function`` is its ConcreteFunction: differentiable, called with one keyword per input. ``owner``
    keeps the loaded object alive, without which the function loses its variables. ``inputs`` and
    ``outputs`` map names to TensorSpecs, sorted by name. ``allowed`` are the operations in the model
    that reach beyond it, and that the policy allows.
    """

    name: str
    function: Any
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    owner: Any
    allowed: list[str] = field(default_factory=list)


def open_signature(path: Path, name: str, allowed: Collection[str] = ()) -> Signature:
    """Load the model at ``path`` and return its signature ``name``.

    Args:
        path: what `find_model` returned.
        name: of the signature.
        allowed: types of operations that may reach beyond the model (``model.allow_operations``).

    Raises:
        AuditError: the model is damaged, unsafe, or has no such signature.
    """
    artifact = own_artifact(path)
    if artifact.kind == "SavedModel":
        loaded, reaching = open_saved_model(artifact.path, artifact.path, allowed)
    else:
        loaded, reaching = open_keras(artifact.path, allowed)
    function = _choose(path, loaded.signatures, name)
    inputs = dict(sorted(function.structured_input_signature[1].items()))
    outputs = {key: _spec(key, item) for key, item in sorted(function.structured_outputs.items())}
    return Signature(name, function, inputs, outputs, loaded, reaching)


def _choose(path: Path, signatures: Any, name: str) -> Any:
    if name in signatures:
        return signatures[name]
    raise AuditError(
        where=f"{path}: signature",
        expected=f"one of the model's signatures: {quote_list(signatures)}"
        if signatures
        else "a model with a signature",
        found=f"{name!r}{did_you_mean(name, signatures)}"
        if signatures
        else "none: nothing in it is meant to be served",
        fix="set model.signature to one of them"
        if signatures
        else "export it with model.export, or with tf.saved_model.save(…, signatures={'serving_default': f})",
    )


def _spec(name: str, output: Any) -> Any:
    """Return the TensorSpec of an output; of a graph of TensorFlow 1, they are tensors."""
    tf = tensorflow()
    return tf.TensorSpec(output.shape, output.dtype, name) if isinstance(output, tf.Tensor) else output
