"""Choice of the audited output of a signature."""

import re
from collections.abc import Mapping
from typing import Any

from audit.errors import AuditError, Setting, did_you_mean, quote_list, yaml_name
from audit.frameworks.tensorflow_loader import tensorflow

ANOTHER_OUTPUT = Setting("model.output", "{name: OUTPUT}", complete=False)
SCORES = "scores"
CLASSES = "classes"
_LABEL_NAME = re.compile(
    r"(^|_)(y_)?(label|class|category|decision|outcome|verdict|result|approved?|accept(?:ed)?|pred|prediction|predicted)(e?s|_ids?|_index|_labels?|_class(es)?)?($|_\d+$)"
)


def choose_output(requested: str | None, outputs: Mapping[str, Any], where: str) -> str:
    """Return the name of the audited output: the requested one, the only one, or TensorFlow Serving's ``scores``.

    Args:
        requested: ``model.output.name`` of the policy.
        outputs: TensorSpecs by name.
        where: the model, for messages.

    Raises:
        AuditError: there is no such output, or there are several and none is named.
    """
    if requested is None and len(outputs) == 1:
        return next(iter(outputs))
    if requested is None and set(outputs) == {SCORES, CLASSES} and names_classes(outputs):
        return SCORES
    if requested in outputs:
        return str(requested)
    raise AuditError(
        where=where,
        expected=f"model.output: {{name: OUTPUT}} with one of {quote_list(outputs)}",
        found=f"{requested!r}{did_you_mean(requested, outputs)}"
        if requested
        else f"{len(outputs)} outputs and no name",
        settings=[Setting("model.output", f"{{name: {yaml_name(name)}}}") for name in outputs],
    )


def names_classes(outputs: Mapping[str, Any]) -> bool:
    """Return whether outputs are those of TensorFlow Serving's classification: ``scores`` and their ``classes``."""
    scores = outputs.get(SCORES)
    classes = outputs.get(CLASSES)
    if scores is None or classes is None:
        return False
    tables = all(spec.shape.rank in (2, None) for spec in (scores, classes))
    return bool(tables and scores.dtype.is_floating and classes.dtype == tensorflow().string)


def label_outputs(outputs: Mapping[str, Any], audited: str) -> list[str]:
    """Return the outputs, by their names, types and shapes, that give one class a row beside the ``audited`` one."""
    return [
        name
        for name, spec in outputs.items()
        if name != audited and _LABEL_NAME.search(name.lower()) and _one_value_a_row(spec.shape)
    ]


def _one_value_a_row(shape: Any) -> bool:
    return shape.rank is not None and shape.rank >= 1 and all(size == 1 for size in shape[1:])
