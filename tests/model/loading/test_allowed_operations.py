"""What a policy lets a model do beyond computing, and what `inspect` says of where it would do it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from audit.cli import main
from audit.model.loading.scan import scan
from audit.model.loading.unsafe_operations import UnsafeOperation

from ...audits import SCORES_ONLY, store
from ...conftest import Models
from . import programs

Captured = pytest.CaptureFixture[str]


def reads(x: Any) -> Any:
    return tf.io.read_file("/dev/null")


def audited(model: Path, folder: Path, *allowed: str, more: Sequence[str] = ()) -> int:
    frame = pd.DataFrame({"x": np.linspace(-1, 1, 60), "label": [0, 1] * 30})
    words = ["--model", str(model), "--data", str(store(frame, folder)), "--label", "label"]
    off = [f"--set=checks.{name}=false" for name in SCORES_ONLY]
    given = [f"--set=model.allow_operations=[{', '.join(allowed)}]"] if allowed else []
    rule = "--set=gate.rules=[{metric: performance.accuracy, at_least: 0.05}]"
    return main(["run", *words, *off, rule, *given, *more, "--out", str(folder / "out")])


def test_what_is_allowed_by_name_runs_and_is_said(tmp_path: Path, capsys: Captured) -> None:
    programs.signature(tmp_path / "model", programs.after(reads))
    assert audited(tmp_path / "model", tmp_path, "ReadFile", "WriteFile") == 0
    assert (
        "note    the policy allows operations that are refused by default: ReadFile\n"
        in capsys.readouterr().out
    )
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["model"]["allowed_operations"] == ["ReadFile"]
    assert report["policy"]["effective"]["model"]["allow_operations"] == ["ReadFile", "WriteFile"]
    assert "refused by default" in (tmp_path / "out" / "report.html").read_text()


def test_a_model_that_needs_no_leave_is_not_said_to_have_had_it(tmp_path: Path, capsys: Captured) -> None:
    programs.signature(tmp_path / "model", tf.identity)
    assert audited(tmp_path / "model", tmp_path, "ReadFile") == 0
    assert "refused by default" not in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "report.json").read_text())["model"]["allowed_operations"] == []
    assert "refused by default" not in (tmp_path / "out" / "report.html").read_text()


def test_leave_for_one_is_no_leave_for_another(tmp_path: Path, capsys: Captured) -> None:
    programs.signature(tmp_path / "model", programs.after(lambda x: [reads(x), programs.abort(x)][1]))
    for allowed in ((), ("WriteFile",), ("ReadFile",)):
        assert audited(tmp_path / "model", tmp_path, *allowed) == 2
        said = capsys.readouterr().err
        assert "'Abort' in the function" in said and "reached by 'serving_default'" in said
        assert ("'ReadFile' in" in said) is ("ReadFile" not in allowed)
        assert f"model.allow_operations: [Abort{', ReadFile' * ('ReadFile' not in allowed)}]" in said


def test_an_unknown_operation_cannot_be_allowed(tmp_path: Path, capsys: Captured) -> None:
    """Otherwise a name with a slip in it would stand in a policy and look like a decision."""
    programs.signature(tmp_path / "model", tf.identity)
    assert audited(tmp_path / "model", tmp_path, "MatMul") == 2
    assert "found:    'MatMul'" in capsys.readouterr().err


def test_places_name_function_and_signatures(tmp_path: Path) -> None:
    module = tf.Module()
    spec = [tf.TensorSpec([None, 1], tf.float32, name="x")]
    inner = tf.function(programs.after(reads))
    module.clean = tf.function(lambda x: {"y": tf.sigmoid(x)}, input_signature=spec)
    module.first = tf.function(lambda x: {"y": inner(x)}, input_signature=spec)
    module.second = tf.function(lambda x: {"y": 2 * inner(x)}, input_signature=spec)
    named = {"clean": module.clean, "first": module.first, "second": module.second}
    tf.saved_model.save(module, str(tmp_path / "model"), signatures=named)
    found = scan(tmp_path / "model").unsafe
    assert {item.operation for item in found} == {"ReadFile"}
    assert all(item.function for item in found)
    assert {name for item in found for name in item.signatures} == {"first", "second"}


def test_places_outside_of_signatures(tmp_path: Path, capsys: Captured) -> None:
    programs.initializer(tmp_path / "model", programs.after(reads))
    (found,) = scan(tmp_path / "model").unsafe
    assert found.operation == "ReadFile" and found.signatures == () and found.loading
    assert main(["inspect", str(tmp_path / "model")]) == 0
    said = capsys.readouterr().out
    assert f"ReadFile      function {found.function}, reached by loading\n" in said


def test_the_main_graph_is_a_place(tmp_path: Path) -> None:
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 1], name="x")
        score = programs.after(reads)(x)
        v1.saved_model.simple_save(session, str(tmp_path / "model"), {"x": x}, {"score": score})
    assert scan(tmp_path / "model").unsafe == [UnsafeOperation("ReadFile", None, ("serving_default",), False)]


def test_an_output_of_several_tensors_is_followed(tmp_path: Path) -> None:
    """The tensors of a ragged or sparse output have their names elsewhere than those of a dense one."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 1], name="x")
        score = tf.sparse.from_dense(programs.after(programs.restores)(x))
        info = v1.saved_model.build_tensor_info
        signature = v1.saved_model.build_signature_def({"x": info(x)}, {"score": info(score)})
        builder = v1.saved_model.Builder(str(tmp_path / "model"))
        builder.add_meta_graph_and_variables(
            session, ["serve"], signature_def_map={"serving_default": signature}
        )
        builder.save()
    assert scan(tmp_path / "model").unsafe == [
        UnsafeOperation("RestoreV2", None, ("serving_default",), False)
    ]


def test_inspect_tells_the_head_of_every_output(model: Models, capsys: Captured) -> None:
    assert main(["inspect", str(model("two_outputs")), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert {name: head["kind"] for name, head in facts["heads"].items()} == {
        "risk": "sigmoid",
        "chance": "sigmoid",
    }
    assert facts["head"]["kind"] is None and "choose one" in facts["head"]["evidence"]
    assert main(["inspect", str(model("two_outputs"))]) == 0
    assert "head            of risk: sigmoid: computed by Sigmoid" in capsys.readouterr().out


def test_the_head_of_an_only_output_is_that_of_the_model(model: Models, capsys: Captured) -> None:
    assert main(["inspect", str(model("softmax")), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert list(facts["heads"].values()) == [facts["head"]] and facts["head"]["kind"] == "probabilities"
