"""Inputs of serialized `tf.Example`: fed by feature, with the graph cut behind the operation that parses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from audit.errors import AuditError, quote_list
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.frozen import Frozen, GraphSource
from audit.model.graph.signature_input import RefusedInput, behind_cast
from audit.model.graph.traversal import data_inputs, node_name

_PARSERS = ("ParseExample", "ParseExampleV2")


@dataclass(frozen=True)
class ParsedFeature:
    """A feature that a graph parses: ``sparse`` ones may have any number of values, and are fed one a row."""

    key: str
    dtype: Any
    shape: list[int]
    sparse: bool

    @property
    def spec(self) -> Any:
        """What is fed: ``(rows, *shape)``."""
        return tensorflow().TensorSpec([None, *self.shape], self.dtype, self.key)


@dataclass(frozen=True)
class ParsedExamples:
    """A signature's input of serialized examples, ``features`` in the order of the parser's outputs.

    Those named in ``unread`` are parsed and not used: they are not fed, and serialized as zeros or empty texts.
    """

    name: str
    features: list[ParsedFeature]
    unread: frozenset[str] = frozenset()

    @property
    def inputs(self) -> dict[str, Any]:
        """One input for each feature that is read."""
        return {feature.key: feature.spec for feature in self.features if feature.key not in self.unread}

    def without(self, names: Iterable[str], frozen: Frozen, placeholder: str) -> ParsedExamples:
        """Return this without those of ``names`` on which the output does not depend."""
        nodes = frozen.above(node_name(frozen.output)).values()
        read = {tensor for node in nodes for tensor in data_inputs(node)}
        sources = self.sources(frozen, placeholder)
        unread = {name for name in names if name in sources and not sources[name].tensors & read}
        return replace(self, unread=frozenset(unread))

    def tensor(self, fed: Mapping[str, Any]) -> Any:
        """Return the serialized examples ``(rows,)``."""
        tf = tensorflow()
        rows = tf.shape(next(iter(fed.values())))[:1]
        values = [
            tf.zeros(tf.concat([rows, tf.constant(feature.shape, tf.int32)], 0), feature.dtype)
            if feature.key in self.unread
            else tf.convert_to_tensor(fed[feature.key])
            for feature in self.features
        ]
        found = tf.numpy_function(self._serialize, values, tf.string, stateful=False)
        return tf.ensure_shape(found, [None])

    def sources(self, frozen: Frozen, placeholder: str) -> dict[str, GraphSource]:
        """Return the outputs of the parser.

        Raises:
            LookupError: the graph parses elsewhere, such as row by row, or in several places.
        """
        parsers = [node for node in frozen.nodes.values() if node.op in _PARSERS]
        if len(parsers) != 1 or node_name(placeholder) not in frozen.above(parsers[0].name):
            raise LookupError(f"{len(parsers)} operations that parse examples")
        name, sparse = parsers[0].name, sum(feature.sparse for feature in self.features)
        found = {}
        for place, feature in enumerate(self.features):
            if feature.sparse:
                indices, values, shape = (f"{name}:{place + part * sparse}" for part in range(3))
                found[feature.key] = GraphSource(values, {indices: _one_a_row, shape: _rows_by_one})
            else:
                found[feature.key] = behind_cast(frozen, f"{name}:{place + 2 * sparse}")
        return found

    def _serialize(self, *values: np.ndarray) -> np.ndarray:
        columns = [_alone(feature, value) for feature, value in zip(self.features, values, strict=True)]
        return np.array([b"".join(parts) for parts in zip(*columns, strict=True)], object)


def _one_a_row(values: Any) -> Any:
    tf = tensorflow()
    rows = tf.shape(values, tf.int64)[0]
    return tf.stack([tf.range(rows), tf.zeros(rows, tf.int64)], axis=1)


def _rows_by_one(values: Any) -> Any:
    tf = tensorflow()
    return tf.stack([tf.shape(values, tf.int64)[0], 1])


def _alone(feature: ParsedFeature, values: np.ndarray) -> list[bytes]:
    """Return examples of this feature only: protocol buffers that stand one after the other are one.

    Each distinct value is written once.
    """
    from tensorflow.train import BytesList, Example, Features, FloatList, Int64List
    from tensorflow.train import Feature as Value

    def written(row: Any) -> bytes:
        numbers = np.ravel(row).tolist()
        if feature.dtype == tensorflow().string:
            value = Value(bytes_list=BytesList(value=numbers))
        elif feature.dtype.is_integer:
            value = Value(int64_list=Int64List(value=numbers))
        else:
            value = Value(float_list=FloatList(value=numbers))
        return bytes(Example(features=Features(feature={feature.key: value})).SerializeToString())

    if values.ndim > 1 and values.shape[1:] != (1,):
        return [written(row) for row in values]
    values = values + 0.0 if feature.dtype.is_floating else values  # of two zeros `unique` keeps either
    distinct, places = np.unique(values.ravel(), return_inverse=True)
    examples = [written(value) for value in distinct]
    return [examples[place] for place in places]


def find_parsed_examples(function: Any, name: str, spec: Any) -> ParsedExamples | RefusedInput | None:
    """Return how the string input ``name`` of a ConcreteFunction is parsed, None if it is not."""
    graph = function.graph.as_graph_def()
    scopes = [graph.node, *(body.node_def for body in graph.library.function)]
    parsers = [
        (node, scope)
        for scope in scopes
        for node in scope
        if node.op.startswith("Parse") and "Example" in node.op
    ]
    if not parsers:
        return None
    node, scope = parsers[0]
    if len(parsers) > 1 or node.op not in _PARSERS:
        found = f"{len(parsers)} operations that parse them: {quote_list(sorted({n.op for n, _ in parsers}))}"
        return RefusedInput(name, spec, _unfit("one tf.io.parse_example", found, "parses them by one"))
    features, ragged = _features(node, scope)
    if ragged:
        expected = "features of a fixed number of values, or of variable length (VarLenFeature)"
        fix = "parses them as VarLenFeature and makes them ragged afterwards"
        return RefusedInput(name, spec, _unfit(expected, f"ragged features: {quote_list(ragged)}", fix))
    if not features:
        return RefusedInput(
            name, spec, _unfit("names of features as constants", "computed ones", "names them")
        )
    return ParsedExamples(name, features)


def _unfit(expected: str, found: str, fix: str) -> AuditError:
    return AuditError(
        where="the model's serialized examples",
        expected=expected,
        found=found,
        fix=f"export a signature that {fix}",
    )


def _features(node: Any, scope: Any) -> tuple[list[ParsedFeature], list[str]]:
    """Return what a parser reads, sparse features first, and the names of ragged ones; nothing if keys are computed."""
    tf = tensorflow()
    constants = {n.name: n for n in scope if n.op == "Const"}

    def keys(tensors: list[str]) -> list[str]:
        values = [tf.make_ndarray(constants[node_name(t)].attr["value"].tensor).ravel() for t in tensors]
        return [key.decode() for value in values for key in value]

    dense_types, sparse_types = node.attr["Tdense"].list.type, node.attr["sparse_types"].list.type
    inputs, old = list(node.input), node.op == "ParseExample"
    sparse_end = 2 + (len(sparse_types) if old else 1)
    dense_end = sparse_end + (len(dense_types) if old else 1)
    try:
        sparse, dense = keys(inputs[2:sparse_end]), keys(inputs[sparse_end:dense_end])
        ragged = [] if old else keys(inputs[4:5])
    except KeyError:
        return [], []
    shapes = [[int(size.size) for size in shape.dim] for shape in node.attr["dense_shapes"].list.shape]
    found = [
        ParsedFeature(key, tf.as_dtype(t), [], True) for key, t in zip(sparse, sparse_types, strict=True)
    ]
    for key, kind, shape in zip(dense, dense_types, shapes, strict=True):
        found.append(ParsedFeature(key, tf.as_dtype(kind), shape, False))
    return found, ragged
