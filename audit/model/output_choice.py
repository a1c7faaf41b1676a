"""Which of a signature's outputs is audited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.errors import AuditError, did_you_mean, quote_list
from audit.frameworks.tensorflow_loader import tensorflow

SCORES, CLASSES = "scores", "classes"


def choose_output(wanted: str | None, outputs: Mapping[str, Any], where: str) -> str:
    """Return the name of the output that is audited: the one that is named, the only one, or Serving's ``scores``.

    Args:
        wanted: ``model.output.name`` of the policy.
        outputs: TensorSpecs by name.
        where: the model, for messages.

    Raises:
        AuditError: there is no such output, or there are several and none is named.
    """
    if wanted is None and len(outputs) == 1:
        return next(iter(outputs))
    if wanted is None and set(outputs) == {SCORES, CLASSES} and names_classes(outputs):
        return SCORES
    if wanted in outputs:
        return str(wanted)
    raise AuditError(
        where=where,
        expected=f"model.output: {{name: OUTPUT}} with one of {quote_list(outputs)}",
        found=f"{wanted!r}{did_you_mean(wanted, outputs)}"
        if wanted
        else f"{len(outputs)} outputs and no name",
    )


def names_classes(outputs: Mapping[str, Any]) -> bool:
    """Tell whether they are those of TensorFlow Serving's classification: ``scores`` and their ``classes``."""
    scores, classes = outputs.get(SCORES), outputs.get(CLASSES)
    if scores is None or classes is None:
        return False
    tables = all(spec.shape.rank in (2, None) for spec in (scores, classes))
    return bool(tables and scores.dtype.is_floating and classes.dtype == tensorflow().string)
