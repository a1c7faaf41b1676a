"""A model that can keep state between calls, or tell the time, is refused, wherever the operation stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from audit.cli import main
from audit.errors import AuditError
from audit.model.model import Model, open_model
from audit.model.state.executed_nodes import executed_nodes
from audit.policy.model import ModelSpec

from ...audits import store
from . import programs
from .programs import COUNTS, Count


def opened(folder: Path, *allowed: str) -> Model:
    return open_model(ModelSpec(path="model", allow_operations=list(allowed)), folder)


def refused(folder: Path) -> AuditError:
    with pytest.raises(AuditError) as caught:
        opened(folder)
    return caught.value


def named(error: AuditError) -> list[str]:
    """Return the operations in the message."""
    match = re.search(r"tell the time: (.*); a score", error.found)
    assert match is not None, error
    return match[1].split(", ")


@pytest.mark.parametrize("count", list(COUNTS), ids=lambda count: count.__name__)
def test_it_counts_and_is_refused(tmp_path: Path, count: Count) -> None:
    """The scores of the model do turn: after 20 calls here, at once by the clock."""
    programs.write(tmp_path / "model", count, turn=20.0)
    score = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"]
    scores = [float(score(x=tf.ones([1, 1]))["score"][0, 0]) for _ in range(30)]
    assert scores[-1] < 0.5 and (scores[0] > 0.5 or count is programs.clock)
    error = refused(tmp_path / "model")
    assert named(error) == COUNTS[count]
    assert f"model.allow_operations: [{', '.join(COUNTS[count])}]" in error.fix


@pytest.mark.parametrize("count", list(COUNTS), ids=lambda count: count.__name__)
@pytest.mark.parametrize(
    "place",
    [
        programs.in_a_branch,
        programs.in_a_loop,
        programs.in_a_map,
        programs.in_a_function,
        programs.without_result,
        programs.beside_a_closed_switch,
    ],
    ids=lambda place: place.__name__,
)
def test_it_is_found_wherever_it_stands(
    tmp_path: Path, count: Count, place: Callable[[Count], Count]
) -> None:
    if place is programs.without_result and count is programs.variable_in_place:
        pytest.skip("an operation that is not registered as stateful does not run then")
    programs.write(tmp_path / "model", place(count))
    assert set(COUNTS[count]) <= set(named(refused(tmp_path / "model")))


@pytest.mark.parametrize("count", list(COUNTS), ids=lambda count: count.__name__)
def test_it_is_not_found_behind_a_constant_condition(tmp_path: Path, count: Count) -> None:
    programs.write(tmp_path / "model", programs.behind_a_constant(count))
    assert opened(tmp_path / "model").signature.stateful == []


def test_a_policy_may_allow_it(tmp_path: Path) -> None:
    programs.write(tmp_path / "model", programs.stage)
    with pytest.raises(AuditError, match="StageSize"):
        opened(tmp_path / "model", "Stage")
    assert opened(tmp_path / "model", "Stage", "StageSize", "Timestamp").signature.exceptions == [
        "Stage",
        "StageSize",
    ]


def test_the_exit_code_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programs.write(tmp_path / "model", programs.clock)
    data = store(pd.DataFrame({"x": np.linspace(-1, 1, 50), "label": [0, 1] * 25}), tmp_path)
    words = ["run", "--model", str(tmp_path / "model"), "--data", str(data), "--label", "label", "--quiet"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    assert "Timestamp" in capsys.readouterr().err
    assert main(["inspect", str(tmp_path / "model")]) == 0
    assert "stateful ops    Timestamp" in capsys.readouterr().out


def graph(path: Path, build: Callable[[Any], Any]) -> None:
    """Save a graph of TensorFlow 1: ``build`` returns the score of a placeholder of one column."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 1], name="x")
        score = build(x)
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(path), {"x": x}, {"score": score})


def reference(x: Any) -> Any:
    """A variable of TensorFlow 1 that is written by reference."""
    counter = tf.compat.v1.get_variable("counter", initializer=0.0, use_resource=False)
    return tf.sigmoid(x + tf.compat.v1.assign_add(counter, 1.0))


def barrier(x: Any) -> Any:
    handle = tf.raw_ops.Barrier(component_types=[tf.float32], shared_name="barrier")
    size = tf.raw_ops.BarrierReadySize(handle=handle)
    put = tf.raw_ops.BarrierInsertMany(
        handle=handle, keys=[tf.as_string(size)], values=[0.0], component_index=0
    )
    with tf.control_dependencies([put]):
        return tf.sigmoid(x + tf.cast(size, tf.float32))


@pytest.mark.parametrize(
    ("build", "operations"),
    [(reference, ["AssignAdd"]), (barrier, ["Barrier", "BarrierInsertMany", "BarrierReadySize"])],
)
def test_graphs_of_tensorflow_1(tmp_path: Path, build: Callable[[Any], Any], operations: list[str]) -> None:
    graph(tmp_path / "model", build)
    assert named(refused(tmp_path / "model")) == operations


def test_a_learning_phase_of_keras_is_its_default(tmp_path: Path) -> None:
    """Updates of statistics and dropout stand behind a switch there."""
    v1 = tf.compat.v1

    def build(x: Any) -> Any:
        phase = v1.placeholder_with_default(False, [], name="keras_learning_phase")
        mean = v1.get_variable("mean", initializer=0.0, use_resource=True)
        v1.disable_control_flow_v2()
        try:
            shift = v1.cond(phase, lambda: v1.assign(mean, tf.reduce_mean(x)), lambda: tf.identity(mean))
        finally:
            v1.enable_control_flow_v2()
        return tf.sigmoid(x - shift)

    graph(tmp_path / "model", build)
    text = (tmp_path / "model" / "saved_model.pb").read_bytes()
    assert b"Switch" in text and b"AssignVariableOp" in text
    model = opened(tmp_path / "model")
    assert model.signature.stateful == []
    assert model({"x": tf.zeros([3, 1])}).tolist() == [[0.5]] * 3


@pytest.mark.parametrize(
    ("value", "operation"),
    [
        (lambda x: tf.cast(tf.timestamp(), tf.float32) * x, "Timestamp"),
        (lambda x: tf.random.uniform([]) * x, "RandomUniform"),
    ],
)
def test_loading_does_not_depend_on_chance_or_time(
    tmp_path: Path, value: Callable[[Any], Any], operation: str
) -> None:
    from ..loading.programs import initializer

    initializer(tmp_path / "model", value)
    error = refused(tmp_path / "model")
    assert named(error) == [operation] and error.found.startswith("loading the model runs")
    assert opened(tmp_path / "model", operation).signature.exceptions == [operation]


@pytest.mark.parametrize("node", ["constant", "with_default"])
def test_a_constant_that_a_call_feeds_is_none(node: str) -> None:
    """TensorFlow 1 lets a signature feed any tensor: a condition that was false when it was exported may be true."""
    v1 = tf.compat.v1
    with tf.Graph().as_default() as made:
        false = tf.constant(False, name="constant")
        phase = v1.placeholder_with_default(false, [], name="with_default")
        _, taken = tf.raw_ops.Switch(data=1.0, pred=phase if node == "with_default" else false)
        tf.raw_ops.Print(input=taken, data=[taken], name="clock")
    proto = made.as_graph_def()
    assert "clock" not in {one.name for one in executed_nodes(proto)}
    assert "clock" in {one.name for one in executed_nodes(proto, {node})}
