"""Packages of custom operations that a policy imports (``model.import``)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest
import tensorflow as tf

from audit.errors import AuditError
from audit.model.loading import imports
from audit.model.loading.imports import import_operations
from audit.model.model import open_model
from audit.model.state.stateful_ops import class_of
from audit.policy.load import parse_policy
from audit.policy.model import ModelSpec

from ...audits import content
from . import programs
from .test_allowed_operations import audited

OPERATION = """
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
using namespace tensorflow;
REGISTER_OP("CountCalls").Input("x: float").Output("y: float").SetIsStateful();
class CountCalls : public OpKernel {
 public:
  explicit CountCalls(OpKernelConstruction* context) : OpKernel(context) {}
  void Compute(OpKernelContext* context) override { context->set_output(0, context->input(0)); }
};
REGISTER_KERNEL_BUILDER(Name("CountCalls").Device(DEVICE_CPU), CountCalls);
"""
"""A stateful operation in C++."""

PACKAGE = """
import tensorflow as tf
library = tf.load_op_library({library!r})
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Compile a library of operations, and write a package that loads it."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "count_calls.cc").write_text(OPERATION)
    library = folder / "count_calls.so"
    flags = [*tf.sysconfig.get_compile_flags(), *tf.sysconfig.get_link_flags(), "-w", "-shared", "-fPIC"]
    subprocess.run(["g++", str(folder / "count_calls.cc"), "-o", str(library), *flags], check=True)
    (folder / "lends_operations.py").write_text(PACKAGE.format(library=str(library)))
    sys.path.insert(0, str(folder))
    yield "lends_operations"
    sys.path.remove(str(folder))


@pytest.mark.slow
@pytest.mark.skipif(which("g++") is None, reason="needs a compiler of C++")
def test_operations_that_a_package_registers_are_admitted(tmp_path: Path, package: str) -> None:
    """Also of a package that this process imported before the audit; no other import admits them."""
    assert import_operations([package]) == {"CountCalls"}
    imports._import.cache_clear()
    assert package in sys.modules
    assert import_operations([package]) == {"CountCalls"}
    assert class_of("CountCalls") == "refused"
    programs.signature(tmp_path / "model", lambda x: sys.modules[package].library.count_calls(x=x))
    with pytest.raises(AuditError, match="CountCalls"):
        open_model(ModelSpec(path="model"), tmp_path / "model")
    model = open_model(ModelSpec.model_validate({"path": "m", "import": [package]}), tmp_path / "model")
    assert model({"x": tf.zeros([2, 1])}).tolist() == [[0.5], [0.5]]


def test_a_package_that_is_missing_or_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fails_at_once.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, reason in (
        ("fails_at_once", "ZeroDivisionError"),
        ("not_installed_here", "ModuleNotFoundError"),
    ):
        with pytest.raises(AuditError, match=reason) as caught:
            import_operations([name])
        assert caught.value.where == "model.import" and repr(name) in caught.value.expected


def test_the_report_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "registers_nothing.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    programs.signature(tmp_path / "model", tf.identity)
    assert audited(tmp_path / "model", tmp_path, more=["--set=model.import=[registers_nothing]"]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["model"]["imports"] == ["registers_nothing"]
    assert report["policy"]["effective"]["model"]["import"] == ["registers_nothing"]
    assert "<code>registers_nothing</code>" in (tmp_path / "out" / "report.html").read_text()
    assert audited(tmp_path / "model", tmp_path, more=["--set=model.import=[not_installed_here]"]) == 2


def test_the_key_in_the_policy(tmp_path: Path) -> None:
    written = content(tmp_path / "model", tmp_path / "data.csv")
    plain = parse_policy(written)
    assert "import" not in plain.effective()["model"]  # type: ignore[operator]  # a mapping
    with pytest.raises(AuditError, match="did you mean 'import'"):
        parse_policy(written, ["model.imports=[ydf]"])
    with pytest.raises(AuditError, match=r"model\.import\.0"):
        parse_policy(written, ["model.import=['import os']"])
    policy = parse_policy(written, ["model.import=[ydf]"])
    assert policy.effective()["model"]["import"] == ["ydf"]  # type: ignore[index]  # a mapping
    assert policy.digest != plain.digest
