"""Dependence of a score on the number of rows in its batch, followed through a graph by levels."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from audit.model.batch_size.marks import COMPARED, FREE, SIZE, Mark, either, join
from audit.model.batch_size.scope import BATCH, Scope, Shape
from audit.model.batch_size.transfer import transfer
from audit.model.graph.traversal import CALLS, called_functions, node_name

_SWITCHES = frozenset({"Switch", "RefSwitch", "_SwitchN"})
_MERGES = frozenset({"Merge", "RefMerge"})
_ROUNDS = 12  # in which the marks of a loop settle: a level rises twice at most
_DEPTH = 60  # of calls


def compare_sizes(
    proto: Any, inputs: Iterable[str], output: str, shape_of: Callable[[str], Shape]
) -> str | None:
    """Return the operation through which the number of rows reaches ``output``, None if it does not.

    Args:
        proto: the GraphDef.
        inputs: names of the nodes that are fed with the rows.
        output: name of the tensor.
        shape_of: returns the static shape of a tensor of the main graph.
    """
    library = {function.signature.name: function for function in proto.library.function}
    rows = {name: Mark(rows=SIZE) for name in inputs}
    scope = Scope({node.name: node for node in proto.node}, library, rows, shape_of)
    _settle(scope, proto.node, 0)
    mark = scope.mark(output)
    return (mark.cause or "a comparison") if mark.value == COMPARED else None


def _settle(scope: Scope, nodes: Sequence[Any], depth: int) -> None:
    """Compute the marks of all nodes, in rounds until nothing changes: nodes may stand in any order, and in loops."""
    for _ in range(_ROUNDS * 10):
        changed = False
        for node in nodes:
            branch = _branch_level(scope, node)
            marks = [
                _fitted(scope, node, place, mark) for place, mark in enumerate(_results(scope, node, depth))
            ]
            if node.op in _MERGES and branch:
                marks = [mark.at_least(COMPARED, "a branch") for mark in marks]
            changed |= branch != scope.branches.get(node.name, FREE)
            scope.branches[node.name] = branch
            if marks != scope.marks.get(node.name):
                scope.marks[node.name] = marks
                changed = True
        if not changed:
            return


def _branch_level(scope: Scope, node: Any) -> int:
    """Return the level of the conditions that decide whether a node runs, as a graph without functions has them."""
    names = [node_name(tensor) for tensor in node.input]
    if node.op in _SWITCHES and not _is_loop(scope, names[-1]) and scope.mark(node.input[-1]).value:
        return COMPARED
    return max((scope.branches.get(name, FREE) for name in names), default=FREE)


def _is_loop(scope: Scope, condition: str) -> bool:
    node = scope.nodes.get(condition)
    return node is not None and node.op == "LoopCond"


def _fitted(scope: Scope, node: Any, place: int, mark: Mark) -> Mark:
    """Return a mark without rows where the static shape has no dimension that could be the batch's."""
    shape = scope.shape_of(f"{node.name}:{place}")
    known = shape is not None and all(size is not None and size < BATCH for size in shape)
    return replace(mark, rows=FREE) if known and mark.rows == SIZE else mark


def _results(scope: Scope, node: Any, depth: int) -> list[Mark]:
    functions = [name for name in called_functions(node) if name in scope.library]
    if node.name in scope.arguments:
        return [scope.arguments[node.name]]
    marks = [scope.mark(tensor) for tensor in node.input if tensor[0] != "^"]
    if node.op in ("IdentityN", "ShapeN"):
        inner = "Identity" if node.op == "IdentityN" else "Shape"
        return [_alone(scope, node, inner, tensor) for tensor in node.input if tensor[0] != "^"]
    if not functions:
        return [transfer(scope, node)]
    if depth > _DEPTH:
        return [replace(join(*marks), value=max(COMPARED * bool(join(*marks).value), FREE))]
    if node.op in CALLS:
        return _call(scope, functions[0], marks, depth)
    if node.op in ("While", "StatelessWhile"):
        return _loop(scope, node, marks, depth)
    if node.op in ("If", "StatelessIf", "Case", "StatelessCase"):
        return _branch(scope, node, functions, marks, depth)
    return [join(*marks).at_least(COMPARED, node.op) if join(*marks).value else join(*marks)]


def _alone(scope: Scope, node: Any, operation: str, tensor: str) -> Mark:
    copy = type(node)()
    copy.op = operation
    copy.input.append(tensor)
    return transfer(scope, copy)


def _call(scope: Scope, name: str, marks: Sequence[Mark], depth: int) -> list[Mark]:
    function = scope.library[name]
    parameters = [argument.name for argument in function.signature.input_arg]
    arguments = dict(zip(parameters, marks, strict=False))
    inner = Scope({node.name: node for node in function.node_def}, scope.library, arguments)
    _settle(inner, function.node_def, depth + 1)
    return [inner.mark(function.ret[result.name]) for result in function.signature.output_arg]


def _branch(
    scope: Scope, node: Any, functions: Sequence[str], marks: Sequence[Mark], depth: int
) -> list[Mark]:
    branches = [_call(scope, name, marks[1:], depth) for name in functions]
    results = [join(*outputs) for outputs in zip(*branches, strict=True)]
    return [mark.at_least(COMPARED, node.op) for mark in results] if marks[0].value else results


def _loop(scope: Scope, node: Any, marks: Sequence[Mark], depth: int) -> list[Mark]:
    """Return the marks of a loop's variables; numbers in a loop that runs once a row follow from their number."""
    body = node.attr["body"].func.name
    variables = list(marks)
    for _ in range(_ROUNDS):
        after = [
            either(one, other)
            for one, other in zip(variables, _call(scope, body, variables, depth), strict=True)
        ]
        if after == variables:
            break
        variables = after
    (condition,) = _call(scope, node.attr["cond"].func.name, variables, depth)
    numbers = [kind != _VARIANT for kind in node.attr["T"].list.type]
    counts = condition.value != FREE
    return [
        mark.at_least(SIZE) if counts and number and not _is_kept(scope.library[body], place) else mark
        for place, (mark, number) in enumerate(zip(variables, numbers, strict=True))
    ]


def _is_kept(body: Any, place: int) -> bool:
    """Return whether the body of a loop hands its argument at ``place`` on as it is."""
    nodes = {node.name: node for node in body.node_def}
    tensor = body.ret[body.signature.output_arg[place].name]
    while (node := nodes.get(node_name(tensor))) is not None and node.op == "Identity":
        tensor = node.input[0]
    return bool(tensor == body.signature.input_arg[place].name)


_VARIANT = 21  # the number of the type of tensor lists
