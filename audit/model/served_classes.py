"""Class names that a model returns with its scores, as TensorFlow Serving's classification signature does."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from audit.errors import AuditError, quote_list
from audit.model.model import Model
from audit.model.output_choice import CLASSES, SCORES, names_classes


class NamedClasses:
    """The class names that a model returns with its scores, in the order of the scores; None if it returns none."""

    def __init__(self, model: Model) -> None:
        named = model.output == SCORES and names_classes(model.signature.outputs)
        self._model = Model(model.signature, CLASSES, model.where) if named else None
        self.classes: list[str] | None = None

    def add(self, tensors: Mapping[str, Any], first_row: int) -> None:
        """Read the names of the next rows.

        Raises:
            AuditError: the order of the classes changes from row to row.
        """
        if self._model is None:
            return
        names = self._model.outputs(tensors).numpy()
        if self.classes is None:
            self.classes = _decoded(names[0])
            self._first = names[:1]
        other = (names != self._first).any(axis=1)
        if other.any():
            at = int(other.argmax())
            raise AuditError(
                where=f"{self._model.where}: output {CLASSES!r}",
                expected=f"the classes in the same order for every row: {quote_list(self.classes)}",
                found=f"row {first_row + at:,}: {quote_list(_decoded(names[at]))}",
                fix="export the scores of all classes in one order, not those of each row's best",
            )


def _decoded(names: np.ndarray) -> list[str]:
    return [name.decode("utf-8", "replace") for name in names]
