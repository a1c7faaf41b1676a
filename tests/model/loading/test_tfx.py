"""Exports of TFX pipelines are audited as they are: what nothing reaches does not run, vocabularies are assets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from audit.cli import main
from audit.errors import AuditError
from audit.model.describe import describe
from audit.model.loading.scan import read_graphs, scan

from ...audits import classified, content, store, subject
from ...model_cache import built
from . import programs, tfx

ABSENT = {"*": {"absent": True}}


@pytest.fixture(scope="module")
def taxi() -> Path:
    return built("taxi", tfx.taxi, Path(tfx.__file__))


def test_it_holds_what_was_refused(taxi: Path) -> None:
    """The export is a standard one: savers, restores and initializers in functions that nothing calls."""
    graph = read_graphs(taxi).meta_graphs[0].graph_def
    inside = {node.op for function in graph.library.function for node in function.node_def}
    assert {"SaveV2", "RestoreV2", "MergeV2Checkpoints", "InitializeTableFromTextFileV2"} <= inside
    assert any("traced_save" in function.signature.name for function in graph.library.function)
    assert "WriteFile" in {node.op for node in graph.node}
    assert scan(taxi).unsafe == []


def test_taxi_by_hand(taxi: Path, tmp_path: Path) -> None:
    frame = tfx.trips()
    found = subject(content(taxi, store(frame, tmp_path), missing=ABSENT))
    expected = 1 / (1 + np.exp(-tfx.taxi_odds(frame)))
    np.testing.assert_allclose(classified(found).favorable, expected, atol=1e-6)
    cut = found.logits(tf.constant(found.features.data.matrix)).numpy()
    assert found.logits.exact
    np.testing.assert_allclose(
        cut[:, 1] - cut[:, 0], tfx.taxi_odds(frame)[found.features.data.index], atol=1e-4
    )


def test_its_nulls_are_those_of_the_serving_path(taxi: Path, tmp_path: Path) -> None:
    """What the audit leaves out, the signature is not sent: its own scores of such examples are the same."""
    frame = tfx.trips(50)

    def example(row: Mapping[Any, Any]) -> bytes:
        kinds = {"fare": "float_list", "trip_miles": "float_list", "trip_seconds": "int64_list"}
        features = {}
        for name in tfx.TAXI:
            value = row[name]
            if not pd.isna(value):
                kind = kinds.get(name, "bytes_list")
                features[name] = tf.train.Feature(
                    **{kind: {"value": [value.encode() if isinstance(value, str) else value]}}
                )
        return bytes(tf.train.Example(features={"feature": features}).SerializeToString())

    signature = tf.saved_model.load(str(taxi)).signatures["serving_default"]
    served = signature(inputs=tf.constant([example(row) for row in frame.to_dict("records")]))["scores"]
    found = subject(content(taxi, store(frame, tmp_path), missing=ABSENT))
    np.testing.assert_allclose(classified(found).favorable, served.numpy()[:, 1], atol=1e-6)


def test_all_nulls_are_asked_for_at_once(taxi: Path, tmp_path: Path) -> None:
    frame = tfx.trips()
    with pytest.raises(AuditError) as caught:
        subject(content(taxi, store(frame, tmp_path)))
    counts = frame.isna().sum()
    assert set(counts.index[counts > 0]) == {"company", "trip_seconds", "trip_miles", "payment_type"}
    for name, count in counts.items():
        assert (f"'{name}' ({count})" in caught.value.found) is (count > 0)
        assert (f"{name}: VALUE" in str(caught.value.fix)) is (count > 0)
    assert "{absent: true}" in str(caught.value.fix)


def test_a_column_by_name_goes_before_all_others(taxi: Path, tmp_path: Path) -> None:
    frame = tfx.trips()
    missing = {**ABSENT, "payment_type": "Credit Card"}
    found = subject(content(taxi, store(frame, tmp_path), missing=missing))
    expected = tfx.taxi_odds(frame.fillna({"payment_type": "Credit Card"}))
    np.testing.assert_allclose(classified(found).favorable, 1 / (1 + np.exp(-expected)), atol=1e-6)


def test_a_required_feature_cannot_be_left_out(tmp_path: Path) -> None:
    tfx.penguin(tmp_path / "model")
    frame = tfx.penguins()
    frame.loc[3, "body_mass_g"] = None
    policy = content(tmp_path / "model", store(frame, tmp_path), missing={"body_mass_g": {"absent": True}})
    policy["data"]["label"] = "species"
    policy["data"]["favorable"] = "Gentoo"
    with pytest.raises(AuditError) as caught:
        subject(policy)
    assert caught.value.where == "data.missing.body_mass_g" and "requires" in caught.value.found


def test_the_whole_audit_of_the_taxi(taxi: Path, tmp_path: Path) -> None:
    """Every check runs with absent values: none takes them for numbers."""
    frame = tfx.trips(300)
    policy = tmp_path / "audit.json"
    checks = {"explainability": {"rows": 40}, "robustness": {"rows": 60}}
    rules = [{"metric": "performance.auc", "at_least": 0.5}]
    data = {"path": str(store(frame, tmp_path)), "label": "label", "missing": ABSENT}
    data["protected"] = {"payment_type": {"privileged": "Cash"}}
    text = {
        "version": 1,
        "model": {"path": str(taxi)},
        "data": data,
        "checks": checks,
        "gate": {"rules": rules},
    }
    policy.write_text(json.dumps(text))
    assert main(["run", str(policy), "--out", str(tmp_path / "out")]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert {check["status"] for check in report["checks"]} == {"measured"}
    values = {m["metric"]: m["value"] for m in report["checks"][0]["measurements"] if not m["where"]}
    odds = tfx.taxi_odds(frame)
    assert values["performance.auc"] == pytest.approx(roc_auc_score(frame["label"], odds), abs=1e-6)
    assert values["performance.accuracy"] == accuracy_score(frame["label"], odds > 0)
    assert values["performance.log_loss"] == pytest.approx(
        log_loss(frame["label"], 1 / (1 + np.exp(-odds))), abs=1e-6
    )


def test_penguin_by_hand(tmp_path: Path) -> None:
    tfx.penguin(tmp_path / "model")
    frame = tfx.penguins()
    policy = content(tmp_path / "model", store(frame, tmp_path))
    policy["data"]["label"] = "species"
    policy["data"]["favorable"] = "Gentoo"
    found = subject(policy)
    odds = frame[tfx.PENGUIN].to_numpy() @ tfx.SPECIES
    chance = np.exp(odds) / np.exp(odds).sum(1, keepdims=True)
    np.testing.assert_allclose(classified(found).favorable, chance[:, 2], atol=1e-6)
    assert found.logits.exact
    assert describe(tmp_path / "model", "serving_default")["differentiable"] is True


@pytest.mark.parametrize("reached", ["signature", "initializer"])
def test_the_same_operations_are_refused_where_they_are_reached(
    taxi: Path, tmp_path: Path, reached: str
) -> None:
    """The file that the left-behind analyzer writes is written once something runs it."""

    path = tmp_path / "model"
    shutil.copytree(taxi, path)

    def change(meta: Any) -> None:
        nodes = {node.name: node for node in meta.graph_def.node}
        (write,) = (node.name for node in nodes.values() if node.op == "WriteFile")
        if reached == "signature":
            nodes["head/predictions/probabilities"].input.append(f"^{write}")
        else:
            (name,) = meta.collection_def["saved_model_main_op"].node_list.value
            nodes[name].input.append(f"^{write}")

    programs.edit(path, change)
    assert scan(path).operations == ["WriteFile"]
