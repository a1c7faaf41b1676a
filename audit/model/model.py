"""A SavedModel as a function of its inputs, called by its signature's ConcreteFunction."""

from collections.abc import Collection, Iterator, Mapping
from copy import copy
from dataclasses import replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from audit.errors import AuditError, Setting
from audit.execution.plan import row_ranges
from audit.frameworks.op_errors import without_values
from audit.frameworks.tensorflow_loader import tensorflow
from audit.machine_errors import machine_error
from audit.model.failing_row import assertion_texts, failing_row, row_error
from audit.model.graph.fixed_batch import call_in_batches, fixed_batch, with_free_rows
from audit.model.graph.freeze import FreezeFailure, freeze
from audit.model.graph.frozen import Frozen
from audit.model.graph.row_width import RowWidth, rows_of_call
from audit.model.graph.signature_input import DecodedImages, DirectInput, find_decoded_images
from audit.model.graph.tf_example_input import ParsedExamples, SignatureInput, find_parsed_examples
from audit.model.graph.traversal import Operation, output_operation
from audit.model.head import ONE_COLUMN
from audit.model.loading.allowed_operations import allowed_operations
from audit.model.loading.load_errors import graph_failure, lacking_kernel
from audit.model.loading.signature import Signature, open_signature
from audit.model.output_choice import ANOTHER_OUTPUT, choose_output
from audit.model.state.refusal import require_stateless
from audit.policy.model import ModelSpec
from audit.result import Scalar, TensorFacts

_ANY_ROWS = 2**31


class Model:
    """One output of one signature of a loaded model.

    ``entries`` are the signature's inputs, ``column`` is the audited column of the output, None for all. Call the
    model for scores; `outputs` is differentiable if graph and entries are. ``meaning`` says in words what the scores
    are, where they are not that output itself, and ``class_names`` the label values of its columns, where the model
    tells.
    """

    meaning: str | None = None
    class_names: list[Scalar] | None = None

    def __init__(self, signature: Signature, output: str, where: str, column: int | None = None) -> None:
        self.signature = signature
        self.output = output
        self.column = column
        self.where = where
        self.batch = fixed_batch(signature.inputs)
        self.entries = [_entry(signature, name, spec, self.batch) for name, spec in signature.inputs.items()]
        self._shape = signature.outputs[output].shape
        if column is not None:
            self._require_column(column)
            self._shape = tensorflow().TensorShape([None])

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the frozen graph, which another process makes anew."""
        return {name: value for name, value in vars(self).items() if name != "freeze_result"}

    def __copy__(self) -> "Model":
        model = object.__new__(type(self))
        model.__dict__.update(vars(self))
        return model

    @property
    def fed(self) -> dict[str, Any]:
        """The TensorSpecs of what is fed, by name, with a free number of rows."""
        return {name: spec for entry in self.entries for name, spec in sorted(entry.inputs.items())}

    @property
    def optional(self) -> set[str]:
        """The names of what is fed that an example may lack."""
        parsed = [entry for entry in self.entries if isinstance(entry, ParsedExamples)]
        return {feature.key for entry in parsed for feature in entry.features if feature.is_optional}

    def lacking(self, names: Collection[str]) -> "Model":
        """Return the model with values of the parsed features ``names`` that may be marked as absent."""
        if not names:
            return self
        model = copy(self)
        model.__dict__.pop("freeze_result", None)  # what is fed behind the parser is another
        model.entries = [
            replace(entry, lacking=frozenset(names)) if isinstance(entry, ParsedExamples) else entry
            for entry in self.entries
        ]
        return model

    def without(self, names: Collection[str]) -> "Model":
        """Return the model without those inputs of ``names`` that are parsed features the output does not depend on.

        Of a graph that cannot be frozen every feature stays.
        """
        parsed = names and any(isinstance(entry, ParsedExamples) for entry in self.entries)
        if not parsed or (frozen := self.frozen) is None:
            return self
        model = copy(self)  # with the frozen graph, which holds every feature
        model.entries = [
            entry.without(names, frozen) if isinstance(entry, ParsedExamples) else entry
            for entry in self.entries
        ]
        return model

    @property
    def width(self) -> int:
        """Number of columns of the output; 1 without a class axis, and with axes of size 1.

        Of an output of unknown shape it is known after the first scores.
        """
        spec = self.signature.outputs[self.output]
        shape = self._shape
        if not spec.dtype.is_floating:
            raise self._wrong_output("scores as floating-point numbers", f"values of type {spec.dtype.name}")
        if shape.rank is not None and all(size == 1 for size in shape[1:]):
            return 1
        if shape.rank != 2 or shape[1] is None:
            actual = f"shape {'unknown' if shape.rank is None else shape.as_list()}"
            raise self._wrong_output("scores of shape (rows,) or (rows, classes)", actual)
        return int(shape[1])

    @property
    def channels(self) -> int:
        """The channels that the graph decodes images to, 0 where the files decide."""
        return next((entry.channels for entry in self.entries if isinstance(entry, DecodedImages)), 0)

    @property
    def operation(self) -> Operation:
        """The operation that computes the output."""
        function = self.signature.function
        # in the order in which TensorFlow flattens a dict
        position = sorted(function.structured_outputs).index(self.output)
        return output_operation(function, function.outputs[position].name)

    @property
    def inputs(self) -> list[TensorFacts]:
        """The signature's inputs, sorted by name."""
        return [tensor_facts(name, spec) for name, spec in self.signature.inputs.items()]

    def outputs(self, tensors: Mapping[str, Any]) -> Any:
        """Return the output, as the signature computes it, for what is fed: tensors by name, all of as many rows."""
        return self.scores({entry.name: entry.tensor(tensors) for entry in self.entries})

    def scores(self, inputs: Mapping[str, Any]) -> Any:
        """Return the audited scores for the signature's own inputs, tensors by name."""
        scores = self.signature_output(self.output, inputs)
        return scores if self.column is None else scores[:, self.column]

    def signature_output(self, name: str, inputs: Mapping[str, Any]) -> Any:
        """Return the output ``name`` of the signature for its own inputs."""
        if self.batch is not None:
            return call_in_batches(self.signature.function, name, self.batch, inputs)
        return self.signature.function(**inputs)[name]

    def __call__(self, tensors: Mapping[str, Any], first_row: int = 1) -> np.ndarray:
        """Return raw outputs ``(rows, width)`` in the model's dtype; of many images not by a single call.

        Raises:
            AuditError: the model fails on these rows, or does not return finite scores of each.
        """
        step = self.rows_of_call(tensors)
        parts = enumerate(parts_of(tensors, step))
        return np.concatenate([self._called(part, first_row + i * step) for i, part in parts])

    def rows_of_call(self, tensors: Mapping[str, Any]) -> int:
        """Return how many rows like those of what is fed one call takes; a table has no limit but its reader's."""
        takes_files = any(isinstance(entry, DecodedImages) for entry in self.entries)
        if not takes_files and all(len(tensor.shape) < 3 for tensor in tensors.values()):
            return _ANY_ROWS
        widths = [prod(size or 1 for size in tensor.shape[1:]) for tensor in tensors.values()]
        return self.images_of_call(sum(widths))

    def images_of_call(self, numbers: int) -> int:
        """Return how many rows of so many numbers each one call takes, by the widest tensor of the graph."""
        return rows_of_call(self._row_width.numbers(numbers))

    @cached_property
    def _row_width(self) -> RowWidth:
        return self.frozen.width if self.frozen else RowWidth()

    def _called(self, tensors: Mapping[str, Any], first_row: int) -> np.ndarray:
        """Return the raw outputs of one call."""
        try:
            raw = self.outputs(tensors).numpy()
        except tensorflow().errors.OpError as error:
            raise machine_error(error) or self._failure(error, tensors, first_row) from None
        if not self._shape.is_fully_defined():
            self._shape = tensorflow().TensorShape([None, *raw.shape[1:]]) if raw.ndim else self._shape
        rows = len(next(iter(tensors.values())))
        width = self.width
        if raw.shape[:1] != (rows,):
            raise self._wrong_output("one score a row", f"shape {list(raw.shape)} for {rows:,} rows")
        raw = raw.reshape(rows, width)
        finite = np.isfinite(raw.astype(np.float64)).all(1)
        if not finite.all():
            row = first_row + int((~finite).argmax())
            actual = f"NaN or infinity in {int((~finite).sum()):,} rows, first in row {row:,}"
            raise self._error(
                "finite scores", actual, "look at that row's values, or at what the model divides by"
            )
        return np.asarray(raw)

    @cached_property
    def freeze_result(self) -> Frozen | FreezeFailure:
        """The frozen graph of the output, or why TensorFlow cannot freeze it."""
        try:
            return freeze(self.signature.function, self.output, self.entries, self.column)
        except Exception as error:  # whatever a graph holds that cannot be frozen
            return FreezeFailure(graph_failure(error))

    @property
    def frozen(self) -> Frozen | None:
        """The frozen graph of the output, None where `freeze_result` says why there is none."""
        return self.freeze_result if isinstance(self.freeze_result, Frozen) else None

    def _failure(self, error: Exception, tensors: Mapping[str, Any], first_row: int) -> AuditError:
        """Return the AuditError for rows on which the model fails, without TensorFlow's text, which quotes rows."""
        if lacking := lacking_kernel(error):
            return AuditError(
                where=self.where,
                expected=f"operations that TensorFlow {tensorflow().__version__} can run on this machine",
                found=lacking,
                fix="audit where the model is served, or export it without that operation",
            )
        index = failing_row(self.outputs, tensors, len(next(iter(tensors.values()))))
        if index is not None:
            texts = assertion_texts(self.signature.function.graph.as_graph_def(), error)
            return row_error(first_row + index, self.where, error, texts)
        return AuditError(
            where=self.where,
            expected="scores for the data's rows",
            found=f"the model fails in the batch that starts at row {first_row:,}: {without_values(error)}",
            fix="compare the data's values with what the model was trained on",
        )

    def _require_column(self, column: int) -> None:
        shape = self._shape
        if shape.rank != 2 or (shape[1] is not None and column >= shape[1]):
            known = "unknown" if shape.rank is None else str(shape.as_list())
            expected = f"an output of several columns, the last of them {column} or greater"
            raise self._error(expected, f"shape {known}", f"correct {ONE_COLUMN}, from 0", ONE_COLUMN)

    def _wrong_output(self, expected: str, actual: str) -> AuditError:
        return self._error(expected, actual, f"name another output: {ANOTHER_OUTPUT}", ANOTHER_OUTPUT)

    def _error(self, expected: str, actual: str, fix: str, *settings: Setting) -> AuditError:
        where = f"{self.where}: output {self.output!r}"
        return AuditError(where=where, expected=expected, found=actual, fix=fix, settings=settings)


def parts_of(tensors: Mapping[str, Any], rows: int) -> Iterator[Mapping[str, Any]]:
    """Yield what is fed in parts of at most ``rows`` rows; at least one part."""
    count = len(next(iter(tensors.values())))
    if count <= rows:
        yield tensors
        return
    for part in row_ranges(count, rows):
        yield {name: tensor[part.slice] for name, tensor in tensors.items()}


def open_model(spec: ModelSpec, path: Path) -> Model:
    """Load the model at ``path`` and choose its output.

    Raises:
        AuditError: the model cannot be loaded, keeps state, or the output is not there or not unique.
    """
    signature = open_signature(path, spec.signature, allowed_operations(spec))
    where = f"{path} ({signature.name})"
    if not signature.inputs or fixed_batch(signature.inputs) == 0:
        raise AuditError(
            where=where,
            expected="a signature that takes rows",
            found="inputs of 0 rows" if signature.inputs else "no inputs",
            fix="choose another by model.signature, or export one that takes the data's rows",
        )
    output = choose_output(spec.output.name, signature.outputs, where)
    model = Model(signature, output, where, spec.output.column)
    require_stateless(signature.stateful, signature.allowed.operations, where, "the signature runs")
    return model


def _entry(signature: Signature, name: str, spec: Any, batch: int | None) -> SignatureInput:
    """Return an input as the graph reads it: examples that it parses, images that it decodes, or the tensor itself."""
    free_spec = spec if batch is None else with_free_rows(spec)
    texts = [key for key, other in signature.inputs.items() if other.dtype == tensorflow().string]
    is_only_text = texts == [name]  # of two it is not clear which of them is parsed
    if not is_only_text or spec.shape.rank not in (1, 2):
        return DirectInput(name, free_spec)
    parsed = find_parsed_examples(signature.function, name, free_spec)
    return parsed or find_decoded_images(signature.function, name, free_spec) or DirectInput(name, free_spec)


def tensor_facts(name: str, spec: Any) -> TensorFacts:
    """Return name, dtype and shape of a TensorSpec."""
    shape = None if spec.shape.rank is None else spec.shape.as_list()
    return TensorFacts(name=name, dtype=spec.dtype.name, shape=shape)
