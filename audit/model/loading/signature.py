"""One signature of a model, loaded from a SavedModel or a file of Keras."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from audit.errors import AuditError, Setting, did_you_mean, quote_list, yaml_name
from audit.execution.files import local_path
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.loading.allowed_operations import AllowedOperations
from audit.model.loading.entry_points import INITIAL
from audit.model.loading.imports import import_operations
from audit.model.loading.keras import open_keras
from audit.model.loading.saved_model import open_saved_model
from audit.model.loading.scan import own_artifact
from audit.model.state.refusal import counting_operations, stateful_operations

_NOTHING = AllowedOperations()


@dataclass(frozen=True)
class Signature:
    """One signature of a loaded model.

    ``function`` is its ConcreteFunction: differentiable, called with one keyword per input. ``owner`` keeps the
    loaded object alive, without which the function loses its variables. ``inputs`` and ``outputs`` map names to
    TensorSpecs, sorted by name. ``allowed`` is what the policy allows, ``exceptions`` are the operations that run
    for no other reason. ``stateful`` are operations that can keep state between calls, allowed or not. ``warnings`` say
    what else the model holds. Another process loads it again from ``path``.
    """

    path: Path
    name: str
    function: Any
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    owner: Any
    allowed: AllowedOperations
    exceptions: list[str]
    stateful: list[str]
    warnings: list[str]

    def __reduce__(self) -> "tuple[Callable[..., Signature], tuple[Any, ...]]":
        return _reopened, (self.path.resolve(), self.name, self.allowed)


@lru_cache(maxsize=4)
def _reopened(path: Path, name: str, allowed: AllowedOperations) -> Signature:
    """Load a signature that the process that audits has loaded, once for all functions that come from there."""
    import_operations(allowed.packages)
    return open_signature(local_path(path), name, allowed)


def open_signature(path: Path, name: str, allowed: AllowedOperations = _NOTHING) -> Signature:
    """Load the model at ``path``, as `find_model` returned it, and return its signature ``name``.

    ``allowed`` is what the policy allows.

    Raises:
        AuditError: the model is damaged, unsafe, or has no such signature.
    """
    artifact = own_artifact(path)
    if artifact.kind == "SavedModel":
        loaded = open_saved_model(artifact.path, artifact.path, allowed)
    else:
        loaded = open_keras(artifact.path, allowed)
    function = _choose(path, loaded.module.signatures, name)
    inputs = dict(sorted(function.structured_input_signature[1].items()))
    outputs = {key: _spec(key, item) for key, item in sorted(function.structured_outputs.items())}
    stateful = stateful_operations(function)
    exceptions = sorted({*loaded.allowed, *allowed.used([*stateful, *counting_operations(function)])})
    warnings = [*loaded.warnings, *_other_signatures(loaded.module.signatures, name)]
    return Signature(
        path, name, function, inputs, outputs, loaded.module, allowed, exceptions, stateful, warnings
    )


def _twin(signatures: Any, name: str) -> str | None:
    """Return the second name under which Keras exports the same signature, None if its tensors differ."""
    if name != "serving_default" or "serve" not in signatures:
        return None
    shapes = [_shapes(signatures[one]) for one in (name, "serve")]
    return "serve" if shapes[0] == shapes[1] else None


def _shapes(function: Any) -> list[tuple[str, Any, Any]]:
    specs = [*function.structured_input_signature[1].items(), *function.structured_outputs.items()]
    return sorted((key, spec.dtype.name, str(spec.shape)) for key, spec in specs)


def _other_signatures(signatures: Any, name: str) -> Iterator[str]:
    others = sorted(other for other in signatures if other not in (name, INITIAL, _twin(signatures, name)))
    if others:
        yield (
            f"only the signature {name!r} was audited: the model has others, which may score otherwise: "
            f"{quote_list(others)}"
        )


def _choose(path: Path, signatures: Any, name: str) -> Any:
    if name in signatures:
        return signatures[name]
    where = f"{path}: signature"
    if signatures:
        raise AuditError(
            where=where,
            expected=f"one of the model's signatures: {quote_list(signatures)}",
            found=f"{name!r}{did_you_mean(name, signatures)}",
            fix="set model.signature to one of them",
            settings=[Setting("model.signature", yaml_name(one)) for one in signatures],
        )
    raise AuditError(
        where=where,
        expected="a model with a signature",
        found="none: nothing in it is meant to be served",
        fix="export it with model.export, or with tf.saved_model.save(…, signatures={'serving_default': f})",
    )


def _spec(name: str, output: Any) -> Any:
    """Return the TensorSpec of an output, which is a tensor in a graph of TensorFlow 1."""
    tf = tensorflow()
    return tf.TensorSpec(output.shape, output.dtype, name) if isinstance(output, tf.Tensor) else output
