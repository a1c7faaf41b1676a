"""The mark of an operation's result, from the marks of its inputs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.batch_size.marks import COMPARED, FREE, SIZE, Mark, constant, join, vector
from audit.model.batch_size.operations import IGNORED, INDEXES, SHAPES, SHAPES_FROM, SMOOTH, SUMS
from audit.model.batch_size.scope import Scope

_SHORT = 32  # elements of constants that are looked at, such as axes and bounds

Rule = Callable[[Scope, Any, Sequence[str]], Mark]


def transfer(scope: Scope, node: Any) -> Mark:
    """Return the mark of the results of a node that calls no function."""
    inputs = [tensor for tensor in node.input if tensor[0] != "^"]
    if node.op == "Const":
        return _constant(node.attr["value"].tensor)
    if node.op in IGNORED:
        return Mark()
    rule = _RULES.get(node.op, _general)
    return rule(scope, node, inputs)


def _constant(tensor: Any) -> Mark:
    tf = tensorflow()
    shape = tf.TensorShape(tensor.tensor_shape)
    is_short = shape.rank is not None and shape.rank <= 1 and (shape.num_elements() or 0) <= _SHORT
    is_whole = tf.as_dtype(tensor.dtype).is_integer
    return constant(tf.make_ndarray(tensor)) if is_short and is_whole else Mark()


def _general(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    """Pass on levels: those of shapes to the rows, those of values to the value, which most operations compare."""
    shapes = _shape_inputs(node, len(inputs))
    values = [scope.mark(tensor) for place, tensor in enumerate(inputs) if place not in shapes]
    sizes = [scope.mark(inputs[place]) for place in shapes if place < len(inputs)]
    mark = join(*values)
    mark = replace(
        mark, rows=max([mark.rows, *(size.value for size in sizes), *(size.rows for size in sizes)])
    )
    if mark.value == SIZE and not _is_smooth(node):
        mark = mark.at_least(COMPARED, node.op)
    return mark


def _shape_inputs(node: Any, count: int) -> set[int]:
    places = set(SHAPES.get(node.op, ()))
    if node.op in SHAPES_FROM:
        places |= {0, *range(SHAPES_FROM[node.op], count)}
    if node.op in ("ConcatV2", "GatherV2"):
        places.add(count - 1)
    return places


def _is_smooth(node: Any) -> bool:
    if node.op != "Cast":
        return node.op in SMOOTH
    tf = tensorflow()
    source, target = (tf.as_dtype(node.attr[name].type) for name in ("SrcT", "DstT"))
    return not target.is_bool and (target.is_floating or source.is_integer)


def _copy(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    return scope.mark(inputs[0])


def _cast(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    mark = scope.mark(inputs[0])
    return mark if _is_smooth(node) or mark.value == FREE else _general(scope, node, inputs)


def _shape(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    tensor = inputs[0]
    shape = scope.shape_of(tensor)
    cause = scope.mark(tensor).cause
    if shape is None:
        return Mark(value=scope.size_level(tensor, None), cause=cause)
    levels = tuple(
        scope.size_level(tensor, axis) if scope.is_batch(tensor, axis) or size is None else FREE
        for axis, size in enumerate(shape)
    )
    return vector(levels, cause=cause)


def _size(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    return Mark(value=scope.size_level(inputs[0], None), cause=scope.mark(inputs[0]).cause)


def _sum(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    """Of a reduction or running sum: counts rows if it runs over the batch."""
    mark = _general(scope, node, inputs[:1])
    axes = scope.mark(inputs[1]).constant if len(inputs) > 1 else None
    levels = [scope.size_level(inputs[0], axis) for axis in (axes if axes is not None else (None,))]
    batch = any(scope.is_batch(inputs[0], axis) for axis in (axes if axes is not None else (None,)))
    return mark.at_least(max(levels), node.op) if batch and levels else mark


def _product(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    """Of a matrix product: counts rows if it adds over the batch."""
    turned = [bool(node.attr[name].b) for name in _transposed(node)]
    axes = (-2 if turned[0] else -1, -1 if turned[1] else -2)
    return _contracted(scope, node, inputs, list(zip(inputs, axes, strict=False)))


def _transposed(node: Any) -> tuple[str, str]:
    return ("transpose_a", "transpose_b") if node.op == "MatMul" else ("adj_x", "adj_y")


def _einsum(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    left, _, right = node.attr["equation"].s.decode().partition("->")
    terms = zip(inputs, left.split(","), strict=False)
    added = [
        (tensor, place)
        for tensor, labels in terms
        if "." not in labels
        for place, label in enumerate(labels)
        if label not in right
    ]
    return _contracted(scope, node, inputs, added)


def _contracted(scope: Scope, node: Any, inputs: Sequence[str], added: Sequence[tuple[str, int]]) -> Mark:
    mark = _general(scope, node, inputs)
    counts = any(
        scope.shape_of(tensor) is not None and scope.is_batch(tensor, axis) for tensor, axis in added
    )
    return mark.at_least(SIZE, node.op) if counts else mark


def _index(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    """Of a choice among values: a size chooses among numbers that are the model's own, and not among rows."""
    place = INDEXES[node.op]
    values = scope.mark(inputs[0])
    chooser = join(*(scope.mark(tensor) for tensor in inputs[place:]))
    rows = max(values.rows, scope.mark(inputs[place]).rows)
    mark = Mark(value=values.value, rows=rows, cause=values.cause)
    if chooser.value == FREE:
        return mark
    if values.rows == FREE:
        return replace(mark.at_least(COMPARED, node.op), rows=COMPARED)
    return replace(mark, rows=max(mark.rows, chooser.value), cause=mark.cause or chooser.cause)


def _slice(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    """Of a slice: elements of a shape keep their levels."""
    elements = scope.mark(inputs[0]).elements
    bounds = [scope.mark(tensor).constant for tensor in inputs[1:4]]
    if elements is None or any(bound is None or len(bound) != 1 for bound in bounds):
        return _index(scope, node, inputs)
    begin, end, step = (bound[0] for bound in bounds if bound)
    cause = scope.mark(inputs[0]).cause
    if node.attr["shrink_axis_mask"].i & 1:
        level = elements[begin] if -len(elements) <= begin < len(elements) else FREE
        return vector((level,), cause=cause)
    first = None if node.attr["begin_mask"].i & 1 else begin
    last = None if node.attr["end_mask"].i & 1 else end
    return vector(elements[first:last:step], cause=cause)


def _gather(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    elements = scope.mark(inputs[0]).elements
    places = scope.mark(inputs[1]).constant
    if elements is None or places is None or any(not 0 <= place < len(elements) for place in places):
        return _index(scope, node, inputs)
    return vector(tuple(elements[place] for place in places), cause=scope.mark(inputs[0]).cause)


def _pack(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    """Of vectors and scalars that are joined: the elements of all, in order."""
    parts = inputs[:-1] if node.op == "ConcatV2" else inputs
    marks = [scope.mark(tensor) for tensor in parts]
    mark = join(*marks)
    if mark.rows or any(part.elements is None for part in marks):
        return mark
    return vector(tuple(level for part in marks for level in part.elements or ()), cause=mark.cause)


def _range(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    """Of numbers up to a size: each row's place, which tells how many rows come before."""
    mark = join(*(scope.mark(tensor) for tensor in inputs))
    return Mark(value=mark.value, rows=mark.value, cause=mark.cause)


def _list(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    """Of a list whose elements are the rows: an element has no dimension of the batch any more."""
    mark = _general(scope, node, inputs)
    return replace(mark, rows=FREE) if scope.is_batch(inputs[0], 0) and mark.rows == SIZE else mark


def _stack(scope: Scope, node: Any, inputs: Sequence[str]) -> Mark:
    mark = _general(scope, node, inputs)
    return replace(mark, rows=max(mark.rows, SIZE))


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("Identity", "StopGradient", "PreventGradient", "Snapshot", "Enter", "Squeeze"), _copy),
    **dict.fromkeys(SUMS, _sum),
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), _product),
    **dict.fromkeys(INDEXES, _index),
    **dict.fromkeys(("Gather", "GatherV2"), _gather),
    **dict.fromkeys(("Pack", "ConcatV2"), _pack),
    **dict.fromkeys(("TensorListStack", "TensorArrayGatherV3"), _stack),
    "Cast": _cast,
    "Shape": _shape,
    "Size": _size,
    "Einsum": _einsum,
    "StridedSlice": _slice,
    "Range": _range,
    "TensorListFromTensor": _list,
}
