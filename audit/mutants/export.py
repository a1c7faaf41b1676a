"""Mutants on disk: the SavedModel and data of a mutant, and the policy that audits them.

A mutant's SavedModel is like any other, so that everything treats it as it would a user's export: the scan, the
loader, the detection of the head, the search for logits, gradients.
"""

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from audit.data.readers.aif360 import AifSource
from audit.data.readers.csv import CsvSource
from audit.data.readers.npz import NpzSource
from audit.data.readers.table_files import TableFiles
from audit.data.source import Source
from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.model import Model
from audit.model.output_choice import label_outputs
from audit.mutants.mutant import CannotMutate, Mutant, ScoreMutation
from audit.policy.csv_spec import CsvSpec
from audit.policy.model import DataSpec, ModelSpec, OutputSpec, ResolvedPolicy
from audit.subject.subject import Subject

_WRITTEN = CsvSpec(delimiter=",", decimal=".", encoding="utf-8", quote='"', skip_initial_space=False)
_ADDED_COLUMN = "selftest_added"


def make_mutant(mutant: Mutant, policy: ResolvedPolicy, subject: Subject, folder: Path) -> ResolvedPolicy:
    """Write what the mutant changes into ``folder`` and return the policy that audits it.

    Raises:
        CannotMutate: the model's graph cannot be written again, or the data cannot be given a column.
    """
    if mutant.favorable is not None:
        data = policy.data.model_copy(update={"favorable": mutant.favorable})
        return policy.model_copy(update={"data": data})
    assert mutant.change is not None  # it changes scores if it does not change the policy
    column = _free_name(subject) if mutant.column is not None else None
    try:
        _export(subject.model, mutant.change, folder / "model", column)
    except Exception as error:  # whatever a graph holds that cannot be written again
        first = next((line for line in str(error).splitlines() if line.strip()), "")
        raise CannotMutate(
            f"the model cannot be exported again: {type(error).__name__}: {first[:300]}"
        ) from error
    changes: dict[str, object] = {"model": _model(policy.model, subject, folder / "model", column)}
    if column and mutant.column is not None:
        changes["data"] = _with_column(policy.data, subject, column, mutant.column, folder)
    return policy.model_copy(update=changes)


def _model(spec: ModelSpec, subject: Subject, path: Path, column: str | None) -> ModelSpec:
    """Return the mutant's model, with everything declared that was detected of the candidate.

    What the policy says of inputs that the candidate lacks stays: they are the baseline's.
    """
    inputs = {**spec.inputs, **{feed.name: list(feed.reads) for feed in subject.feeds}}
    inputs |= {column: [column]} if column else {}
    kind = subject.decision_rule.head.kind
    output = OutputSpec(kind="probabilities" if kind == "sigmoid" else kind, name=subject.model.output)
    classes = spec.classes or subject.model.class_names  # the label outputs that named them are not written
    return spec.model_copy(update={"path": str(path), "inputs": inputs, "output": output, "classes": classes})


def _with_column(spec: DataSpec, subject: Subject, name: str, values: np.ndarray, folder: Path) -> DataSpec:
    """Return the data with one more column; the background's values are those of the audited rows, in turn."""
    changes: dict[str, object] = {"csv": _WRITTEN}
    changes["path"] = str(with_column(subject.source, name, values, folder, "data"))
    if spec.background:
        changes["background"] = str(with_column(subject.background, name, values, folder, "background"))
    return spec.model_copy(update=changes)


def _free_name(subject: Subject) -> str:
    names = {*subject.source.schema.names, *subject.background.schema.names}
    names |= {*subject.model.signature.inputs, *subject.model.fed}
    return next(name for n in count() if (name := _ADDED_COLUMN + "_" * n) not in names)


def _export(model: Model, change: ScoreMutation, folder: Path, column: str | None) -> None:
    """Write ``model`` with ``change`` behind its audited scores into ``folder``; its other outputs but labels stay.

    Args:
        model: the loaded model; it is not changed.
        change: keeps the outputs' shape; it is traced once, so it must not depend on values in Python.
        folder: the folder of the SavedModel, which has one signature, named as the model's.
        column: the name of a further input, float32 ``(rows,)``, for `change` to read.

    Raises:
        Exception: whatever TensorFlow raises for a graph that cannot be written again.
    """
    tf = tensorflow()
    signature = model.signature
    labels = label_outputs(signature.outputs, model.output)
    if _has_legacy_variables(signature.function.graph.as_graph_def()):
        raise ValueError("it holds variables of TensorFlow 1, whose values TensorFlow 2 does not write again")
    specs = {
        name: tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in signature.inputs.items()
    }
    if column:
        specs[column] = tf.TensorSpec([model.batch], tf.float32, name=column)

    def serve(**inputs: Any) -> dict[str, Any]:
        outputs = dict(signature.function(**{name: inputs[name] for name in signature.inputs}))
        raw = (
            model.scores({name: inputs[name] for name in signature.inputs})
            if model.meaning or model.column is not None
            else outputs[model.output]
        )
        exact = raw.dtype if raw.dtype in (tf.float32, tf.float64) else tf.float32
        added = tf.cast(inputs[column], exact)[:, None] if column else None
        changed = change(tf.reshape(tf.cast(raw, exact), [-1, model.width]), inputs, added)
        changed = tf.reshape(tf.cast(changed, raw.dtype), tf.shape(raw))
        others = {name: value for name, value in outputs.items() if name not in labels}
        return others | {model.output: tf.ensure_shape(changed, raw.shape)}

    module = tf.Module()
    module.candidate = signature.owner  # holds the variables and tables that the graph reads
    with quiet():
        function = tf.function(serve, autograph=False).get_concrete_function(**specs)
        tf.saved_model.save(module, str(folder), signatures={signature.name: function})


def _has_legacy_variables(graph: Any) -> bool:
    nodes = [*graph.node, *(node for body in graph.library.function for node in body.node_def)]
    return any(node.op in ("Variable", "VariableV2") for node in nodes)


def with_column(source: Source, name: str, values: np.ndarray, folder: Path, stem: str) -> Path:
    """Write all rows of ``source`` and the column ``name`` into ``folder`` and return the file.

    Args:
        source: a table in files, or one of AIF360's; of CSV files it is written as CSV with commas, else as Parquet.
        name: name of the new column, which the table lacks.
        values: one a row; they are repeated for a longer table, and cut off for a shorter one.
        folder: the folder of the file.
        stem: the file's name without its suffix.

    Raises:
        CannotMutate: the data are of another form.
    """
    if not isinstance(source, TableFiles | AifSource) or isinstance(source, NpzSource):
        raise CannotMutate(
            "the data are neither CSV, Parquet, Feather nor JSON lines: they cannot be given the column that it reads"
        )
    is_csv = isinstance(source, CsvSource)
    open_writer = csv.CSVWriter if is_csv else pq.ParquetWriter
    file = folder / f"{stem}{'.csv' if is_csv else '.parquet'}"
    writer = None
    rows = 0
    for batch in source.read(source.schema.names, source.batch_size.rows):
        part = pa.array(np.take(values, np.arange(rows, rows + batch.num_rows), mode="wrap"))
        table = pa.Table.from_batches([batch]).append_column(name, part)
        writer = writer or open_writer(file, table.schema)
        writer.write_table(table)
        rows += batch.num_rows
    assert writer is not None  # a table without rows was refused before
    writer.close()
    return file
