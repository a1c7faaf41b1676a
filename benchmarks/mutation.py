"""Mutation testing: breaks one expression of a source file at a time and lists the mutants that survive.

    python benchmarks/mutation.py audit/gate/verdict.py tests/gate

Of each mutant, a copy of the tree is changed and the tests run until the first one fails. mutmut is not used: it leaves
out properties and tables of a module, which is where `audit.gate.claims` and `audit.stats.methods` decide.
"""

from __future__ import annotations

import argparse
import ast
import copy
import itertools
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 90
"""Seconds of computing after which a mutant counts as noticed: it runs for ever."""

COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Div, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
NAMES = [
    ("min", "max"), ("any", "all"), ("minimum", "maximum"), ("low", "high"), ("isnan", "isinf"), ("log", "exp"),
    ("sum", "max"), ("betaincinv", "betainccinv"), ("unprivileged", "privileged"), ("successes", "failures"),
]  # fmt: skip
SWAPPED = {one: other for pair in NAMES for one, other in (pair, pair[::-1])} | {"sum": "max"}


def mutants(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in place of ``node``."""
    match node:
        case ast.Compare(ops=ops):
            for place, op in enumerate(ops):
                for other in COMPARED[type(op)]:
                    yield _with(node, ops=[*ops[:place], other(), *ops[place + 1 :]])
        case ast.BinOp(op=op) if type(op) in COMPUTED:
            yield _with(node, op=COMPUTED[type(op)]())
        case ast.BoolOp(op=op, values=values):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
            yield from (_with(node, values=[v for v in values if v is not one]) for one in values)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=orelse):
            yield _with(node, body=orelse, orelse=body)
        case ast.If(test=test) | ast.While(test=test):
            yield _with(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.comprehension(ifs=[_, *_]):
            yield _with(node, ifs=[])
        case ast.Return(value=ast.expr()):
            yield ast.Return(ast.Constant(None))
        case (
            ast.Expr(value=ast.Yield() | ast.YieldFrom() | ast.Call())
            | ast.Raise()
            | ast.Continue()
            | ast.Break()
        ):
            yield ast.Pass()
        case ast.Call(func=func, args=[first, second, *rest]) if ast.unparse(func) not in ("min", "max"):
            yield _with(node, args=[second, first, *rest])
        case ast.Name(id=name) if name in SWAPPED:
            yield _with(node, id=SWAPPED[name])
        case ast.Attribute(attr=name) if name in SWAPPED:
            yield _with(node, attr=SWAPPED[name])
        case ast.Constant(value=bool() as value):
            yield _with(node, value=not value)
        case ast.Constant(value=int() | float() as value):
            yield from (_with(node, value=value + 1), _with(node, value=value - 1))
        case ast.Constant(value=str() as value) if " " not in value:  # the words of a message are free
            yield _with(node, value=value + "?")


def _with(node: ast.AST, **changes: object) -> ast.AST:
    other = copy.copy(node)
    for name, value in changes.items():
        setattr(other, name, value)
    return other


def places(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Yield where every node hangs: its parent, field and index; not docstrings, annotations and messages."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "ctx") or _is_text(node):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            told = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            if isinstance(child, ast.AST) and not told and not isinstance(child, ast.Import | ast.ImportFrom):
                yield node, field, index
                yield from places(child)


def _is_text(node: ast.AST) -> bool:
    """Tell whether a node is a formatted text or a ``Literal[...]``, which types alone read."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal"
    )


def broken(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the change and the whole text of every mutant."""
    tree = ast.parse(source)
    for parent, field, index in list(places(tree)):
        held = getattr(parent, field)
        node = held if index is None else held[index]
        for other in mutants(node):
            if index is None:
                setattr(parent, field, other)
            else:
                held[index] = other
            ast.fix_missing_locations(tree)
            yield getattr(node, "lineno", 0), f"{_shown(node)}  ->  {_shown(other)}", ast.unparse(tree)
            if index is None:
                setattr(parent, field, node)
            else:
                held[index] = node


def _shown(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:90]


def passes(tree: Path, tests: list[str]) -> bool:
    """Tell whether the tests pass in ``tree``; a process of its own runs them, the frameworks loaded before."""
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
        os.setsid()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        import pytest

        try:  # file by file: most mutants are noticed by the first
            for test in tests:
                if pytest.main(["-x", "-q", "-p", "no:cacheprovider", test]):
                    os._exit(1)
            os._exit(0)
        finally:
            os._exit(9)
    return os.waitpid(child, 0)[1] == 0


def main() -> None:
    """Print every mutant that no test notices, and how many there were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--lines", nargs="+", type=int, help="only mutants of these lines")
    parser.add_argument("--every", type=int, default=1, help="only each so many-th mutant")
    parser.add_argument("--after", type=int, default=0, help="how many to leave out before the first")
    given = parser.parse_args()
    _load()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("audit", "tests"):
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", tree)
        _load_unchanged(tree, given.source)
        if not passes(tree, given.tests):
            sys.exit("the tests do not pass on the source as it is")
        source = (tree / given.source).read_text()
        number = survived = 0
        tried = (mutant for mutant in broken(source) if not given.lines or mutant[0] in given.lines)
        for line, change, text in itertools.islice(tried, given.after, None, given.every):
            number += 1
            (tree / given.source).write_text(text)
            if passes(tree, given.tests):
                survived += 1
                print(f"{given.source}:{line}: {change}", flush=True)
    print(f"{given.source}: {number} mutants, {number - survived} noticed, {survived} not", flush=True)


def _load_unchanged(tree: Path, source: str) -> None:
    """Load what of the package comes before what is changed: the policy."""
    os.chdir(tree)
    sys.path.insert(0, str(tree))
    import audit.policy.resolution

    del audit
    assert source.removesuffix(".py").replace("/", ".") not in sys.modules, "it would not be loaded again"


def _load() -> None:
    """Load once what every run of the tests needs, and make its examples the same in each."""
    sys.dont_write_bytecode = True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    import hypothesis
    import numpy
    import pandas
    import pydantic
    import pytest
    import scipy.special
    import scipy.stats

    del numpy, pandas, pydantic, pytest, scipy
    hypothesis.settings.register_profile("same", derandomize=True, database=None)
    hypothesis.settings.load_profile("same")


if __name__ == "__main__":
    main()
