"""What pages and docstrings name is there: modules, attributes, paths, links, layers; read off the source."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "benchmarks/**/*.md")
    for page in ROOT.glob(pattern)
)
ARCHITECTURE = ROOT / "docs" / "architecture.md"
FOLDERS = "action|audit|benchmarks|docs|examples|reports|tests"
NOT_MODULES = {"audit.yaml"}
OF_THEIR_OWN = {"examples", "zoo", "golden", "fuzz", "pipelines", "site"}
"""Folders of tests that mirror no package: examples, kinds of models, golden pages, damaged files, CI, docs."""


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def found(name: str) -> bool:
    """Tell whether a dotted name such as ``audit.stats.rates`` is a module or an attribute, without importing it."""
    place, parts = ROOT, name.split(".")
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    if parts and (place / f"{parts[0]}.py").is_file():
        return _holds(_tree(place / f"{parts[0]}.py").body, parts[1:])
    return (place / "__init__.py").is_file() and _holds(_tree(place / "__init__.py").body, parts)


def _holds(body: list[ast.stmt], parts: list[str]) -> bool:
    if not parts:
        return True
    for node in body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if parts[0] == (alias.asname or alias.name):
                    if not str(node.module).startswith(
                        "audit"
                    ):  # of another package, which is not looked into
                        return len(parts) == 1
                    return found(".".join([str(node.module), alias.name, *parts[1:]]))
        elif isinstance(node, ast.ClassDef) and node.name == parts[0]:
            return _holds(node.body, parts[1:])
        elif parts[0] in _bound(node):
            return len(parts) == 1
        elif isinstance(node, ast.If) and _holds(node.body, parts):  # TYPE_CHECKING
            return True
    return False


def _bound(node: ast.stmt) -> set[str]:
    """Return the names that a statement of a module or a class binds."""
    if isinstance(node, ast.FunctionDef):
        inside = ast.walk(node) if node.name == "__init__" else []
        return {node.name} | {n.attr for n in inside if isinstance(n, ast.Attribute) and _is_own(n)}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {n.id for target in targets if target for n in ast.walk(target) if isinstance(n, ast.Name)}


def _is_own(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "self"


def inline(text: str) -> list[str]:
    """Return what stands in backticks, code blocks left out."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))


def dotted(text: str) -> set[str]:
    names = (re.match(r"audit(\.\w+)+", code) for code in inline(text))
    return {name[0] for name in names if name} - NOT_MODULES


def named_paths(text: str) -> set[str]:
    paths = (re.match(rf"(?:{FOLDERS})/[\w./*-]*", code) for code in inline(text))
    return {path[0] for path in paths if path}


def bare_files(text: str) -> set[str]:
    """Return names of files without their folder."""
    return {code for code in inline(text) if re.fullmatch(r"\w+\.py", code)}


def exists(path: str) -> bool:
    """Tell whether a path is there: ``NAME`` stands for a file to come, of which the folder has to be there."""
    before, new, _ = path.partition("NAME")
    return bool(list(ROOT.glob(before.rpartition("/")[0] if new else before.rstrip("/"))))


def imported(text: str) -> Iterator[str]:
    """Yield what the Python blocks of a page import from audit."""
    for block in re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        for module, names in re.findall(r"\bfrom (audit[\w.]*) import ([\w, ]+)", block):
            yield from (f"{module}.{name.strip()}" for name in names.split(","))
        yield from re.findall(r"\bimport (audit[\w.]*)", block)


def test_the_search_tells_what_is_there_from_what_is_not() -> None:
    """Guards the tests below."""
    for name in (
        "audit.run",
        "audit.stats.METHODS",
        "audit.check.Check",
        "audit.check.Check.measure",
        "audit.check.Field",
        "audit.subject.Subject.features",
        "audit.check.entry_points",
        "audit.attacks.gradient_ascent.GradientAscent.threat_model",
    ):
        assert found(name), name
    for name in (
        "audit.walk",
        "audit.stats.NOTHING",
        "audit.check.Check.decide",
        "audit.render",
        "audit.gate.verdict.x",
    ):
        assert not found(name), name
    assert exists("audit/formats/NAME.py") and not exists("audit/render/NAME.py")
    assert {page.name for page in PAGES} >= {"README.md", "checks.md", "architecture.md", "06-errors.md"}


@cache
def _file_names() -> set[str]:
    return {file.name for folder in FOLDERS.split("|") for file in (ROOT / folder).rglob("*.py")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_names_what_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    assert {name for name in dotted(text) | set(imported(text)) if not found(name)} == set()
    assert {path for path in named_paths(text) if not exists(path)} == set()
    assert bare_files(text) - _file_names() == set()
    links = re.findall(r"\]\((?!https?://|mailto:)([^)#\s]*)(#[^)\s]+)?\)", text)
    assert [link for link, _ in links if not (page.parent / link).exists()] == []
    places = {link + anchor: page.parent / link if link else page for link, anchor in links if anchor}
    assert [link for link, file in places.items() if link.rpartition("#")[2] not in anchors(file)] == []


def anchors(page: Path) -> set[str]:
    """Return what the headings of a page are called in links."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head).strip().lower().replace(" ", "-") for head in heads}


def test_docstrings_and_comments_name_what_is_there() -> None:
    sources = [*ROOT.glob("audit/**/*.py"), *ROOT.glob("benchmarks/*.py"), *ROOT.glob("examples/**/*.py")]
    missing = {
        f"{source.relative_to(ROOT)}: {name}"
        for source in sources
        for text in [source.read_text("utf-8")]
        for name in [*dotted(text), *(path for path in named_paths(text))]
        if not (found(name) if name.startswith("audit.") else exists(name))
    }
    assert missing == set()


def test_the_picture_of_the_layers_is_the_contract() -> None:
    page = ARCHITECTURE.read_text("utf-8")
    (picture,) = re.findall(r"^```text\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    drawn = [re.split(r"\s{2,}", line.strip())[0] for line in picture.splitlines() if line.strip()]
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    assert drawn == tool["importlinter"]["contracts"][0]["layers"]


def test_every_package_has_its_paragraph() -> None:
    packages = {path.parent.name for path in ROOT.glob("audit/*/__init__.py")}
    assert sorted(dict(paragraphs())) == sorted(packages | {path.stem for path in ROOT.glob("audit/*.py")})


def paragraphs() -> list[tuple[str, str]]:
    """Return what each paragraph on a package is about, by its first words, and the paragraph."""
    head, end = r"^- \*\*`audit/(\w+)(?:/|\.py)`\.\*\*", r"(?=\n- |\n\n)"
    page = ARCHITECTURE.read_text("utf-8")
    return re.findall(rf"{head}(.*?){end}", page, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(("package", "text"), paragraphs(), ids=[name for name, _ in paragraphs()])
def test_a_paragraph_names_what_the_package_holds(package: str, text: str) -> None:
    place = ROOT / "audit" / package
    files = [place.with_suffix(".py")] if place.with_suffix(".py").is_file() else list(place.rglob("*.py"))
    inside = {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files}
    inside = {name.removesuffix(".__init__") for name in inside}
    known = {path.stem for path in ROOT.glob("audit/*")} | {name.rpartition(".")[2] for name in inside}
    names = {code for code in inline(text) if re.fullmatch(r"[A-Za-z_]\w*", code)} - known
    assert {name for name in names if not any(found(f"{module}.{name}") for module in inside)} == set()


def test_a_name_that_is_said_to_stand_in_a_file_stands_there() -> None:
    text, name = ARCHITECTURE.read_text("utf-8"), r"`[\w.]+`"
    said = re.findall(rf"((?:{name}(?:,| or| and) )*{name})\s+in\s+`((?:audit|tests)/[\w/]+)\.py`", text)
    pairs = [
        (each, file.replace("/", ".")) for names, file in said for each in re.findall(r"`([\w.]+)`", names)
    ]
    assert len(pairs) > 50
    assert [f"{each} in {module}" for each, module in pairs if not found(f"{module}.{each}")] == []


def test_the_folders_of_tests_mirror_the_packages() -> None:
    folders = {
        folder.relative_to(ROOT / "tests")
        for folder in (file.parent for file in ROOT.glob("tests/**/*.py"))
        if folder != ROOT / "tests"
    }
    beside = {f for f in folders if f.parts[0] not in OF_THEIR_OWN and not (ROOT / "audit" / f).is_dir()}
    assert beside == set()
