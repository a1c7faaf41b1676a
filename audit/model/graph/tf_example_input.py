"""Inputs of serialized `tf.Example`: fed by feature, with subgraphs that begin behind the parsing operation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from audit.errors import AuditError, quote_list
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.graph.absent_values import is_mark, sparse_source, with_default
from audit.model.graph.constants import constant
from audit.model.graph.frozen import Frozen, GraphSource
from audit.model.graph.signature_input import DirectInput, RefusedInput, behind_cast
from audit.model.graph.traversal import data_inputs, node_name

_PARSERS = ("ParseExample", "ParseExampleV2")


@dataclass(frozen=True)
class ParsedFeature:
    """A feature that a graph parses: a ``sparse`` one may have any number of values, and is fed one a row.

    ``default`` stands for a dense feature that an example lacks, None if the parser requires it.
    """

    key: str
    dtype: Any
    shape: list[int]
    sparse: bool
    default: np.ndarray | None = None

    @property
    def is_optional(self) -> bool:
        """Whether an example may lack the feature."""
        return self.sparse or self.default is not None

    @property
    def spec(self) -> Any:
        """The TensorSpec of what is fed: ``(rows, *shape)``."""
        return tensorflow().TensorSpec([None, *self.shape], self.dtype, self.key)


@dataclass(frozen=True)
class ParsedExamples:
    """A signature's input of serialized examples, with its ``features`` in the order of the parser's outputs.

    Those named in ``unread`` do not reach the output: they are not fed, but serialized as zeros or empty texts. Values
    of those named in ``lacking`` may be marked as absent.
    """

    name: str
    features: list[ParsedFeature]
    unread: frozenset[str] = frozenset()
    lacking: frozenset[str] = frozenset()

    @property
    def inputs(self) -> dict[str, Any]:
        """One input for each feature that is read."""
        return {feature.key: feature.spec for feature in self.features if feature.key not in self.unread}

    def without(self, names: Iterable[str], frozen: Frozen) -> "ParsedExamples":
        """Return the input without those of ``names`` on which the output does not depend."""
        nodes = frozen.ancestors(node_name(frozen.output)).values()
        reads = {tensor for node in nodes for tensor in data_inputs(node)}
        sources = self.sources(frozen, frozen.placeholders[self.name])
        unread = {name for name in names if name in sources and not sources[name].tensors & reads}
        return replace(self, unread=frozenset(unread))

    def tensor(self, tensors: Mapping[str, Any]) -> Any:
        """Return the serialized examples ``(rows,)``."""
        tf = tensorflow()
        rows = tf.shape(next(iter(tensors.values())))[:1]
        values = [
            tf.zeros(tf.concat([rows, tf.constant(feature.shape, tf.int32)], 0), feature.dtype)
            if feature.key in self.unread
            else tf.convert_to_tensor(tensors[feature.key])
            for feature in self.features
        ]
        return tf.ensure_shape(tf.numpy_function(self._serialize, values, tf.string, stateful=False), [None])

    def sources(self, frozen: Frozen, placeholder: str) -> dict[str, GraphSource]:
        """Return the outputs of the parser.

        Raises:
            LookupError: the graph parses elsewhere, such as row by row, or in several places.
        """
        parsers = [node for node in frozen.nodes.values() if node.op in _PARSERS]
        if len(parsers) != 1 or node_name(placeholder) not in frozen.ancestors(parsers[0].name):
            raise LookupError(f"{len(parsers)} operations that parse examples")
        name = parsers[0].name
        sparse = sum(feature.sparse for feature in self.features)
        sources = {}
        for place, feature in enumerate(self.features):
            lacking = feature.key in self.lacking
            if feature.sparse:
                indices, values, shape = (f"{name}:{place + part * sparse}" for part in range(3))
                sources[feature.key] = sparse_source(indices, values, shape, lacking)
            else:
                source = behind_cast(frozen, f"{name}:{place + 2 * sparse}")
                sources[feature.key] = with_default(source, feature.default) if lacking else source
        return sources

    def _serialize(self, *values: np.ndarray) -> np.ndarray:
        columns = [
            _serialized(feature, value, feature.key in self.lacking)
            for feature, value in zip(self.features, values, strict=True)
        ]
        return np.array([b"".join(parts) for parts in zip(*columns, strict=True)], object)


SignatureInput = DirectInput | ParsedExamples


def _serialized(feature: ParsedFeature, values: np.ndarray, lacking: bool) -> list[bytes]:
    """Return serialized examples of this feature only: concatenated protocol buffers are one.

    Each distinct value is written once; with ``lacking``, a mark of an absent value as nothing.
    """
    from tensorflow.train import BytesList, Example, Features, FloatList, Int64List
    from tensorflow.train import Feature as Value

    def example(row: Any) -> bytes:
        numbers = np.ravel(row).tolist()
        if feature.dtype == tensorflow().string:
            value = Value(bytes_list=BytesList(value=numbers))
        elif feature.dtype.is_integer:
            value = Value(int64_list=Int64List(value=numbers))
        else:
            value = Value(float_list=FloatList(value=numbers))
        return bytes(Example(features=Features(feature={feature.key: value})).SerializeToString())

    if values.ndim > 1 and values.shape[1:] != (1,):
        return [example(row) for row in values]
    values = values + 0.0 if feature.dtype.is_floating else values  # of two zeros `unique` keeps either
    distinct, places = np.unique(values.ravel(), return_inverse=True)
    examples = [b"" if lacking and is_mark(value) else example(value) for value in distinct]
    return [examples[place] for place in places]


def find_parsed_examples(function: Any, name: str, spec: Any) -> ParsedExamples | RefusedInput | None:
    """Return the string input ``name`` of a ConcreteFunction as one of examples, None if the graph parses none."""
    graph = function.graph.as_graph_def()
    scopes = [graph.node, *(body.node_def for body in graph.library.function)]
    parsers = [(n, s) for s in scopes for n in s if n.op.startswith("Parse") and "Example" in n.op]
    if not parsers:
        return None
    node, scope = parsers[0]
    if len(parsers) > 1 or node.op not in _PARSERS:
        operations = quote_list(sorted({node.op for node, _ in parsers}))
        actual = f"{len(parsers)} operations that parse them: {operations}"
        return _refused(name, spec, "one tf.io.parse_example", actual, "parses them by one")
    features = _features(node, scope)
    if features.ragged:
        expected = "features of a fixed number of values, or of variable length (VarLenFeature)"
        fix = "parses them as VarLenFeature and makes them ragged afterwards"
        return _refused(name, spec, expected, f"ragged features: {quote_list(features.ragged)}", fix)
    if not features.accepted:
        return _refused(name, spec, "names of features as constants", "computed ones", "names them")
    return ParsedExamples(name, features.accepted)


def _refused(name: str, spec: Any, expected: str, actual: str, fix: str) -> RefusedInput:
    where = "the model's serialized examples"
    return RefusedInput(
        name,
        spec,
        AuditError(where=where, expected=expected, found=actual, fix=f"export a signature that {fix}"),
    )


class _Features(NamedTuple):
    """What a parser reads: sparse features, then dense ones, and the names of ragged ones."""

    accepted: list[ParsedFeature]
    ragged: list[str]


def _features(node: Any, scope: Any) -> _Features:
    """Return the features that a parser reads, none if their names are computed."""
    tf = tensorflow()
    nodes = {n.name: n for n in scope}

    def keys(tensors: list[str]) -> list[str]:
        arrays = [constant(tensor, nodes) for tensor in tensors]
        if any(array is None for array in arrays):
            raise LookupError
        return [key.decode() for array in arrays if array is not None for key in array.ravel()]

    def default(tensor: str) -> np.ndarray | None:
        array = constant(tensor, nodes)
        return array if array is not None and array.size else None

    dense_types = node.attr["Tdense"].list.type
    sparse_types = node.attr["sparse_types"].list.type
    inputs = [tensor for tensor in node.input if tensor[0] != "^"]
    old = node.op == "ParseExample"
    sparse_end = 2 + (len(sparse_types) if old else 1)
    dense_end = sparse_end + (len(dense_types) if old else 1)
    try:
        sparse = keys(inputs[2:sparse_end])
        dense = keys(inputs[sparse_end:dense_end])
        ragged = [] if old else keys(inputs[4:5])
    except LookupError:
        return _Features([], [])
    shapes = [[int(size.size) for size in shape.dim] for shape in node.attr["dense_shapes"].list.shape]
    features = [ParsedFeature(k, tf.as_dtype(t), [], True) for k, t in zip(sparse, sparse_types, strict=True)]
    defaults = [default(tensor) for tensor in inputs[len(inputs) - len(dense_types) :]]
    for key, dtype, shape, value in zip(dense, dense_types, shapes, defaults, strict=True):
        features.append(ParsedFeature(key, tf.as_dtype(dtype), shape, False, value))
    return _Features(features, ragged)
