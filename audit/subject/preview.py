"""The size of an audit before it is made: rows, features, and what a row costs the model. Nothing is measured."""

import time
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from audit.data.arrow_columns import Codes
from audit.data.dataset import read_dataset
from audit.data.row_hashes import HashKey
from audit.data.source import Source
from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow
from audit.inputs.features import MOST_ROWS
from audit.inputs.feeds import Values
from audit.model.graph.multiply_adds import multiply_adds
from audit.model.graph.subgraph import Subgraph
from audit.model.model import Model, open_model
from audit.policy.model import ResolvedPolicy
from audit.registry.artifact import find_model
from audit.subject.baseline import find_baseline
from audit.subject.batches import FeatureBatch, feature_batches
from audit.subject.sources import AuditedModel, BoundModel, bind_model, open_sources

_TIMED_ROWS = 4096


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Size of the audit of one model.

    ``features`` is the number of values that the model reads of a row, and ``other_groups`` that of the groups which a
    row could belong to instead of its own, over all protected attributes and intersections. ``multiply_adds`` is what a
    row takes by the whole graph, and ``seconds_per_row`` what it took this machine, of ``timed_rows`` rows at once;
    ``seconds`` is the time that opening data and model took. ``input_bytes`` is the size of a row of the model's input,
    and ``differing_features`` in how many features two rows differ on average.
    """

    rows: int
    background_rows: int
    features: int
    other_groups: int
    multiply_adds: int
    seconds_per_row: float
    timed_rows: int
    seconds: float
    input_bytes: float
    differing_features: float

    @property
    def sampled_rows(self) -> int:
        """The most rows that a check may sample."""
        return min(self.rows, MOST_ROWS)


def preview(policy: ResolvedPolicy) -> Preview:
    """Open the data and the model, and time the model on some rows; a baseline is located and not opened.

    Raises:
        AuditError: data or model cannot be audited under this policy, as far as opening them shows.
    """
    started = time.perf_counter()
    base = policy.folder
    sources = open_sources(policy, base)
    path = find_model(policy.model.path, base).path
    find_baseline(policy, base)
    dataset = read_dataset(policy.data, sources.data, policy.model.output.kind)
    loaded = AuditedModel(policy=policy, path=path, model=open_model(policy.model, path))
    bound = bind_model(loaded, sources)
    is_same = sources.background is sources.data
    batch = _some_rows(bound, sources.data)
    tensors = {name: tensor[:_TIMED_ROWS] for name, tensor in batch.tensors(bound.feeds).items()}
    bound.model(tensors)  # the first call compiles
    began = time.perf_counter()
    bound.model(tensors)
    ended = time.perf_counter()
    timed_rows = len(next(iter(tensors.values())))
    return Preview(
        rows=dataset.rows,
        background_rows=dataset.rows if is_same else _rows(sources.background, bound),
        features=sum(prod(size or 1 for size in spec.shape[1:]) for spec in bound.model.fed.values()),
        other_groups=sum(len(attribute.groups) - 1 for attribute in dataset.attributes),
        multiply_adds=_multiply_adds(bound.model),
        seconds_per_row=(ended - began) / timed_rows,
        timed_rows=timed_rows,
        seconds=ended - started,
        input_bytes=sum(_bytes(tensor) for tensor in tensors.values()) / timed_rows,
        differing_features=sum(_differing(column) for columns in batch.values for column in columns),
    )


def _bytes(tensor: Any) -> int:
    """Return the size of a tensor's values."""
    if tensor.dtype == tensorflow().string:
        return sum(map(len, tensor.numpy().ravel().tolist()))
    return int(tensor.dtype.size * np.prod(tensor.shape))


def _differing(column: Values) -> float:
    """Return in how many numbers of a column two rows differ on average; all of images are taken to differ."""
    values = column.codes if isinstance(column, Codes) else column
    if values.ndim > 1 or values.dtype == object:
        return float(prod(values.shape[1:]))
    rows = values[:_TIMED_ROWS]
    return float((rows != np.roll(rows, len(rows) // 2 + 1)).mean())


def _some_rows(bound: BoundModel, source: Source) -> FeatureBatch:
    for batch in feature_batches(bound.feeds, source, bound.policy.data.missing, HashKey(0)):
        if len(batch.hashes):
            return batch
    raise AuditError(where=source.path, expected="rows", found="none")


def _rows(source: Source, bound: BoundModel) -> int:
    column = next(column for feed in bound.feeds for column in feed.reads)
    return sum(batch.num_rows for batch in source.batches([column]))


def _multiply_adds(model: Model) -> int:
    """Return the multiply-adds of a row by the whole frozen graph; 1 where that cannot be frozen."""
    frozen = model.frozen
    if frozen is None:
        return 1
    subgraph = Subgraph(frozen, [frozen.output], frozen.fed_names)
    names = list(model.fed)

    def scores(*tensors: Any) -> Any:
        # An input of whole numbers may be fed behind the operation that makes them floats.
        cast = tensorflow().cast
        bound = (
            frozen.bind(name, cast(tensor, frozen.dtype(frozen.inputs[name])))
            for name, tensor in zip(names, tensors, strict=True)
        )
        return subgraph({tensor: value for values in bound for tensor, value in values.items()})

    return multiply_adds(scores, [model.fed[name] for name in names])
