"""Who may import what, read off the source."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from .frameworks import FRAMEWORKS

ROOT = Path(__file__).parent.parent
NAMED_BY_A_POLICY = Path("audit/model/loading/imports.py")  # which packages it imports, a policy says
FILES = sorted((ROOT / "audit").rglob("*.py"))
DECIDING = ["result", "errors.py", "gate", "policy", "formats", "stats"]
COME_ALONG = {
    "google": "tensorflow",
    "markupsafe": "jinja2",
    "pydantic_core": "pydantic",
    "threadpoolctl": "scikit-learn",
}
"""Parts of what a declared dependency returns, takes or rests on: its own pin chooses their version."""
ALLOWED = {
    "tensorflow": ["frameworks", "model", "demo"],
    "keras": ["model", "demo", "integrations/keras_callback.py"],
    "aif360": ["frameworks", "demo"],
    "cryptography": ["attestation/keys.py", "attestation/envelope.py"],
    "mlflow": [
        "integrations/mlflow_evaluator.py",
        "registry/mlflow_client.py",
        "registry/mlflow_connection.py",
    ],
    "httpx": ["monitoring/webhook.py"],
    "tenacity": ["monitoring/webhook.py"],
    "tensorboard": ["monitoring/tensorboard.py", "monitoring/tensorboard_layout.py"],
    "pytest": ["integrations/pytest_plugin.py", "integrations/pytest_items.py"],
    "ray": ["execution/ray_cluster.py"],
}
"""Where a framework may be imported: everybody else asks `audit.frameworks` for it."""


def imported(file: Path) -> Iterator[str]:
    """Yield the modules that a file imports anywhere in it, also by ``import_module``."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
            if name in ("import_module", "__import__") and file != ROOT / NAMED_BY_A_POLICY:
                assert isinstance(first, ast.Constant), f"{file}: imports what cannot be told"
                yield str(first.value)


def roots(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(file)}


def below(file: Path, places: list[str]) -> bool:
    inside = file.relative_to(ROOT / "audit").as_posix()
    return any(inside == place or inside.startswith(f"{place}/") for place in places)


def test_the_walk_sees_imports_of_every_kind() -> None:
    """Guards the tests below: a walk that sees nothing would let everything pass."""
    seen = {
        root: [f for f in FILES if root in roots(f)] for root in ("tensorflow", "aif360", "numpy", "keras")
    }
    assert all(seen.values())
    assert "aif360" in roots(ROOT / "audit" / "frameworks" / "aif360_loader.py")  # by import_module
    assert "audit.check.load_policy" in set(imported(ROOT / "audit" / "__init__.py"))  # inside a function


@pytest.mark.parametrize("framework", ALLOWED)
def test_a_framework_is_imported_only_in_its_place(framework: str) -> None:
    assert [f for f in FILES if framework in roots(f) and not below(f, ALLOWED[framework])] == []


def test_private_parts_of_tensorflow_are_imported_in_one_file() -> None:
    private = [f for f in FILES if any(re.match(r"tensorflow\.(python|core)\b", n) for n in imported(f))]
    assert private == [ROOT / "audit" / "frameworks" / "tensorflow_loader.py"]


def test_deciding_and_rendering_import_no_framework() -> None:
    files = [file for file in FILES if below(file, DECIDING)]
    assert len(files) > len(DECIDING)
    assert {str(f): roots(f) & FRAMEWORKS for f in files if roots(f) & FRAMEWORKS} == {}


@pytest.mark.parametrize("place", ["result", "errors.py"])
def test_what_all_build_on_needs_the_standard_library_only(place: str) -> None:
    for file in (f for f in FILES if below(f, [place])):
        assert roots(file) - {"audit"} <= sys.stdlib_module_names, file


def test_no_package_exports_a_name_that_one_of_its_modules_has() -> None:
    """Python would rebind the package's attribute: `import package.module as m` would give what is exported."""
    for init in (f for f in FILES if f.name == "__init__.py"):
        body = ast.parse(init.read_text("utf-8")).body
        bound = {getattr(node, "name", "") for node in body}
        for node in body:
            if isinstance(node, ast.ImportFrom):
                bound |= {a.asname or a.name for a in node.names if not _is_module(node, a.name)}
        modules = {path.stem for path in init.parent.iterdir() if path.suffix == ".py" or path.is_dir()}
        assert bound & modules == set(), init


def _is_module(node: ast.ImportFrom, name: str) -> bool:
    place = ROOT.joinpath(*str(node.module).split("."), name)
    return place.is_dir() or place.with_suffix(".py").is_file()


def test_the_root_holds_packages_and_five_modules_at_most() -> None:
    modules = {path.name for path in (ROOT / "audit").glob("*.py")}
    assert len(modules - {"__init__.py", "__main__.py", "version.py"}) <= 5


def test_everything_imported_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = _distributions(project["dependencies"])
    optional = project["optional-dependencies"]
    extras = {
        "integrations": "dev",
        "registry": "mlflow",
        "monitoring": "monitoring",
        "execution": "ray",
        "data/readers/remote_files.py": "ray",
    }  # who runs one has its host
    known = packages_distributions()
    undeclared = {
        root
        for file in FILES
        for root in roots(file) - sys.stdlib_module_names - {"audit"}
        if not {name.lower() for name in known.get(root, [])}
        & declared.union(
            *(_distributions(optional[name]) for place, name in extras.items() if below(file, [place]))
        )
    }
    assert undeclared == set(COME_ALONG)
    assert set(COME_ALONG.values()) <= declared


def _distributions(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", line)[0].lower() for line in requirements}


def test_no_two_public_classes_share_a_name() -> None:
    classes = [
        node.name
        for file in FILES
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert {name for name in classes if classes.count(name) > 1} == set()


def test_what_examples_and_benchmarks_import_is_there() -> None:
    missing = [
        f"{file}: {node.module}.{alias.name}"
        for folder in ("examples", "benchmarks")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "audit"
        for alias in node.names
        if not _is_module(node, alias.name) and not hasattr(import_module(str(node.module)), alias.name)
    ]
    assert missing == []
