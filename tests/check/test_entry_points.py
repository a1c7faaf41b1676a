"""Plug-ins as packages on disk: what is broken or offered twice is an error that names the package."""

from __future__ import annotations

import os
import random
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from audit.check import Check, check_class, entry_points, policy_from
from audit.errors import AuditError

Package = Callable[..., None]
CHECK = """
from audit.check import Check, MetricFacts

class Share(Check):
    summary = "A share"
    metrics = {"share": MetricFacts(about="A share.")}
    def measure(self, subject):
        return []
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Return what installs a package of one module, with a check's entry point."""
    before = set(sys.modules)

    def install(name: str, code: str, check: str = "share") -> None:
        place = tmp_path / name
        info = place / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (place / f"{name}.py").write_text(code, "utf-8")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
        (info / "entry_points.txt").write_text(f"[audit.checks]\n{check} = {name}:Share\n", "utf-8")
        monkeypatch.syspath_prepend(str(place))
        forget()

    def forget() -> None:
        entry_points.installed.cache_clear()
        check_class.cache_clear()

    yield install
    monkeypatch.undo()
    forget()
    for name in set(sys.modules) - before:
        if name.startswith("plug_in_"):
            del sys.modules[name]


def test_a_plug_in_comes_after_the_built_in_checks(package: Package) -> None:
    package("plug_in_fine", CHECK)
    assert list(entry_points.installed()) == [*entry_points.BUILT_IN, "share"]
    assert issubclass(check_class("share"), Check)
    assert [entry_points.is_plug_in(name) for name in ("share", "fairness")] == [True, False]


def test_the_built_in_checks_are_those_of_the_project_file() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(project["entry-points"][entry_points.GROUP]) == set(entry_points.BUILT_IN)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("class Other: pass", "AttributeError"),
        ("class Share: pass", "is not a subclass of audit.check.Check"),
        ("Share = 3", "3 is not a subclass of audit.check.Check"),
        (
            CHECK.replace("class Share(Check):", "class Share(Check):\n    rows: int = print\n    1 / 0"),
            "ZeroDivisionError",
        ),
        (CHECK.replace("def measure", "def measures"), "does not define 'measure'"),
        (CHECK.replace('summary = "A share"', ""), "Share.summary is None, not a text"),
        (CHECK.replace("metrics =", "others ="), "PydanticUserError"),
        (
            CHECK.replace('{"share": MetricFacts(about="A share.")}', '["share"]'),
            "['share'], not a dict of MetricFacts",
        ),
    ],
    ids=[
        "import",
        "exit",
        "missing",
        "class",
        "value",
        "creation",
        "abstract",
        "summary",
        "field",
        "metrics",
    ],
)
def test_a_broken_plug_in_is_named(package: Package, code: str, fault: str) -> None:
    package("plug_in_broken", code)
    with pytest.raises(AuditError) as raised:
        check_class("share")
    assert raised.value.where == "plug-in 'share' (plug_in_broken:Share) from plug_in_broken 1.0"
    assert fault in raised.value.found


def test_a_fault_of_its_validation_is_named(package: Package) -> None:
    code = CHECK.replace(
        "    def measure",
        "    def model_post_init(self, context):\n        raise OSError('no')\n    def measure",
    )
    package("plug_in_invalid", code)
    with pytest.raises(AuditError, match="OSError: no") as raised:
        policy_from({"version": 1, "model": {"path": "m"}, "data": {"path": "d", "label": "y"}})
    assert "plug_in_invalid 1.0" in raised.value.where


@pytest.mark.parametrize("name", ["share", "fairness"])
def test_a_name_that_two_packages_offer_is_an_error_that_names_both(package: Package, name: str) -> None:
    package("plug_in_one", CHECK, check=name)
    if name == "share":
        package("plug_in_two", CHECK, check=name)
    with pytest.raises(AuditError) as raised:
        entry_points.installed()
    assert raised.value.where == f"plug-in {name!r}"
    for other in ("plug_in_one 1.0", "plug_in_two 1.0" if name == "share" else "savedmodel-audit"):
        assert other in raised.value.found


def test_importing_a_plug_in_leaves_the_process_as_it_was(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_TEST_KEPT", "as it was")
    code = "import os, random, numpy; numpy.random.seed(3); random.seed(3); os.environ['AUDIT_TEST_KEPT'] = 'x'; "
    package("plug_in_seeding", f"{code} os.environ['AUDIT_TEST_NEW'] = 'x'; os.chdir('/')\n{CHECK}")
    before = state()
    check_class("share")
    assert state() == before


def state() -> list[object]:
    generator = np.random.get_state(legacy=False)
    return [dict(os.environ), os.getcwd(), random.getstate(), repr(generator)]
