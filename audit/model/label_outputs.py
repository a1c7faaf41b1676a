"""Outputs of a signature that give the decided class of each row, next to its scores."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from audit.errors import ScoresRefused
from audit.model.model import Model, parts_of
from audit.model.output_choice import label_outputs
from audit.result import Scalar


class LabelOutput:
    """The class that a model returns for each row in the output ``name``: its distinct ``values``, and their codes.

    ``is_number`` says that the name speaks of a class's number (``class_ids``); ``raw_values`` has the code of each
    value as TensorFlow holds it.
    """

    def __init__(self, model: Model, name: str) -> None:
        self.name = name
        self.values: list[Scalar] = []
        self.is_number = re.search(r"(^|_)(ids?|index|indices)$", name.lower()) is not None
        self.raw_values: dict[Any, int] = {}
        self._model = model
        self._codes: list[np.ndarray] = []

    def _output(self, tensors: Mapping[str, Any]) -> np.ndarray:
        inputs = {entry.name: entry.tensor(tensors) for entry in self._model.entries}
        return np.asarray(self._model.signature_output(self.name, inputs).numpy())

    def add(self, tensors: Mapping[str, Any]) -> np.ndarray:
        """Read the labels of the next rows and return their codes, int32 ``(rows,)``."""
        parts = parts_of(tensors, self._model.rows_of_call(tensors))
        output = np.concatenate([np.atleast_1d(self._output(part)) for part in parts])
        raw = output.reshape(-1)
        rows = len(next(iter(tensors.values())))
        if len(raw) != rows or raw.dtype.kind == "c":
            raise ScoresRefused(
                where=f"output {self.name!r}",
                expected=f"one label a row, {rows:,} in this batch",
                found=f"{output.dtype} of shape {list(output.shape)}",
                fix="export the label with one value a row, or under a name that does not say that it is one",
            )
        distinct, inverse = np.unique(raw, return_inverse=True)
        codes = np.array([self._code(value) for value in distinct.tolist()], np.int32)
        self._codes.append(codes[inverse.reshape(-1)])
        return self._codes[-1]

    @property
    def codes(self) -> np.ndarray:
        """The index in ``values`` of each row so far."""
        return np.concatenate(self._codes)

    def _code(self, raw: object) -> int:
        if raw not in self.raw_values:
            self.raw_values[raw] = len(self.values)
            text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
            assert isinstance(text, str | int | float | bool)
            whole = isinstance(text, float) and text.is_integer()
            self.values.append(int(text) if whole else text)
        return self.raw_values[raw]


def label_outputs_of(model: Model) -> list[LabelOutput]:
    """Return the outputs that give the label beside the audited output of a model."""
    return [LabelOutput(model, name) for name in label_outputs(model.signature.outputs, model.output)]
