"""Each example of a training technique: the script as a user runs it, then its policy, on what it wrote."""

import subprocess
import sys
from pathlib import Path

import pytest

import audit
from audit.check import load_policy
from audit.errors import AuditError
from audit.result import Report

from ..zoo.examples import draft_and_run

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CHECKS = ["performance", "fairness", "explainability", "robustness", "slices"]


def train(example: str, out: Path) -> str:
    """Run the script and return what it says."""
    script = EXAMPLES / example / "train.py"
    words = [sys.executable, str(script), "--out", str(out)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1].startswith("Next:  audit run ")
    return ended.stdout


def audited(example: str, out: Path, rows: str = "parquet", **changes: object) -> Report:
    """Audit what the script wrote by the example's own policy."""
    paths = {"model.path": "model", "data.path": f"test.{rows}", "data.background": f"train.{rows}"}
    overrides = [f"{key}={out / name}" for key, name in paths.items()]
    more = [f"{key.replace('__', '.')}={value}" for key, value in changes.items()]
    return audit.run(load_policy(EXAMPLES / example / "audit.yaml", [*overrides, *more]))


def computed(model: Path) -> set[str]:
    """Return the types that the products of an exported graph have."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(model))
    library = loaded.signatures["serving_default"].graph.as_graph_def().library
    products = [node for body in library.function for node in body.node_def if node.op == "MatMul"]
    return {tf.dtypes.as_dtype(node.attr["T"].type).name for node in products}


def require_measured(report: Report) -> None:
    assert {check.name: check.status for check in report.checks} == dict.fromkeys(CHECKS, "measured")


def test_what_two_devices_trained_is_audited_as_exported(tmp_path: Path) -> None:
    assert "Trained on 2 devices." in train("mirrored_strategy", tmp_path)
    report = audited("mirrored_strategy", tmp_path)
    require_measured(report)
    assert report.verdict == "pass" and report.data.rows == 6_000
    draft_and_run("mirrored_strategy", tmp_path)


def test_a_regression_in_sixteen_bits_is_audited_in_its_own_units(tmp_path: Path) -> None:
    assert "'dense': 'bfloat16'" in train("mixed_precision", tmp_path)
    report = audited("mixed_precision", tmp_path)
    require_measured(report)
    assert report.verdict == "pass" and report.model.output.kind == "regression"
    assert computed(tmp_path / "model") == {"bfloat16", "float32"}
    draft_and_run("mixed_precision", tmp_path)


def test_own_layers_need_no_code_as_a_saved_model_and_are_refused_as_a_file(tmp_path: Path) -> None:
    train("custom_layers", tmp_path)
    report = audited("custom_layers", tmp_path)
    require_measured(report)
    assert report.verdict == "pass"
    with pytest.raises(AuditError, match=r"(?s)'Clipped'.*model\.export"):
        audited("custom_layers", tmp_path, model__path=tmp_path / "model.keras")
    draft_and_run("custom_layers", tmp_path)


def test_a_governed_search_keeps_the_best_of_those_that_pass(tmp_path: Path) -> None:
    head, *lines = train("architecture_search", tmp_path).splitlines()
    assert head.split()[-3:] == ["verdict", "blocked", "by"]
    blocked = [line for line in lines if " fail " in line]
    assert blocked and all("fairness.disparate_impact[attribute=sex]" in line for line in blocked)
    passed = [float(line.split()[-2]) for line in lines if line.split()[-1:] == ["pass"]]
    best = float(blocked[0].split()[3])
    assert max(passed) < best and any(line.endswith(f"AUC {max(passed):.3f}.") for line in lines)
    report = audited("architecture_search", tmp_path)
    require_measured(report)
    assert report.verdict == "pass"
    draft_and_run("architecture_search", tmp_path)


def test_a_fine_tuned_network_is_audited_on_pictures(tmp_path: Path) -> None:
    train("fine_tune_mobilenet", tmp_path)
    short = {"checks__explainability__rows": 8, "checks__robustness__steps": 2}
    report = audited("fine_tune_mobilenet", tmp_path, "npz", **short)
    require_measured(report)
    failed = [rule.id for rule in report.rules if rule.status != "pass"]
    assert failed == ["robustness.adversarial_accuracy[attack=worst,eps=0.02]"] and report.verdict == "fail"
    draft_and_run("fine_tune_mobilenet", tmp_path)
