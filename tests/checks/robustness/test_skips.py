"""Where attacks do not apply the check is skipped with the reason, and its rules are not passed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.checks.robustness import check
from audit.errors import AuditError, MachineFault
from audit.result import Report

from ...audits import content, store
from ...models import save

Score = Callable[..., Any]
RULE = {
    "metric": "robustness.adversarial_accuracy",
    "where": {"attack": "worst", "eps": 0.1},
    "at_least": 0.0,
}


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(60, 2)).round(3), columns=["a", "b"])
    data["word"], data["count"], data["still"] = rng.choice(["x", "y"], 60), rng.integers(0, 9, 60), 1.5
    data["flag"] = data["a"] > 0
    return data.assign(label=np.arange(60) % 2)


def run(path: Path, score: Score, inputs: dict[str, Any], output: str = "auto", **given: Any) -> Report:
    save(path / "m", score, **{name: ([None, 1], dtype) for name, dtype in inputs.items()})
    options, rule = given.pop("options", {}), given.pop("rule", RULE)
    policy = content(path / "m", store(frame(), path), spec={"output": output}, **given)
    checks = {"explainability": {"rows": 20}, "robustness": options}
    return audit.run({**policy, "checks": checks, "gate": {"rules": [rule]}})


def tree(a: Any, b: Any) -> Any:
    import tensorflow as tf

    return tf.where(a > 0.3, tf.where(b > -0.5, 0.9, 0.4), 0.2)


def words(word: Any) -> Any:
    import tensorflow as tf

    return tf.where(word == "x", 0.9, 0.2)


def counted(count: Any, word: Any) -> Any:
    import tensorflow as tf

    return tf.sigmoid(tf.cast(count, tf.float32) - 4.0) * words(word)


def stood_still(still: Any, word: Any) -> Any:
    import tensorflow as tf

    return tf.sigmoid(still) * words(word)


def flagged(flag: Any, word: Any) -> Any:
    import tensorflow as tf

    return tf.where(flag, 0.9, 0.3) * words(word)


TEXT, WHOLE, FLAG, CONSTANT = (
    "text: 'word'",
    "text: 'word'; no other whole number is within the largest eps: 'count'",
    "the model takes it as true or false, which cannot change slightly: 'flag'",
    "constant in the background: 'still'",
)
SKIPPED: dict[str, tuple[Score, dict[str, str], str, dict[str, Any]]] = {
    "texts only": (words, {"word": "string"}, TEXT, {}),
    "whole numbers": (counted, {"count": "int64", "word": "string"}, WHOLE, {}),
    "flags": (flagged, {"flag": "bool", "word": "string"}, FLAG, {}),
    "constant": (stood_still, {"still": "float32", "word": "string"}, CONSTANT, {}),
    "immutable": (tree, {"a": "float32", "b": "float32"}, "immutable: 'a', 'b'", {"immutable": ["a", "b"]}),
}


@pytest.mark.parametrize("name", SKIPPED)
def test_a_skip_has_its_reason_and_passes_nothing(tmp_path: Path, name: str) -> None:
    score, inputs, reason, options = SKIPPED[name]
    report = run(tmp_path, score, inputs, output="probabilities", options=options)
    checks = {check.name: check for check in report.checks}
    assert checks["robustness"].status == "skipped" and reason in str(checks["robustness"].reason)
    assert report.verdict == "inconclusive" and report.rules[0].status == "inconclusive"
    assert checks["explainability"].status == "measured" and checks["explainability"].measurements


@pytest.mark.parametrize(("attack", "verdict"), [("noise", "pass"), ("worst", "inconclusive")])
def test_noise_needs_no_gradient_and_is_no_worst_case(tmp_path: Path, attack: str, verdict: str) -> None:
    report = run(
        tmp_path,
        tree,
        {"a": "float32", "b": "float32"},
        options={"attacks": ["noise"]},
        output="probabilities",
        rule={**RULE, "where": {"attack": attack, "eps": 0.1}, "at_least": 0.2},
    )
    assert report.verdict == verdict, report.rules[0].reason
    assert len(report.rules[0].measurements) == (attack == "noise")


def test_a_regression_has_nothing_to_flip_without_a_favourable_outcome(tmp_path: Path) -> None:
    def value(a: Any, b: Any) -> Any:
        return 2 * a - b

    inputs = {"a": "float32", "b": "float32"}
    (tmp_path / "with").mkdir()
    report = run(tmp_path, value, inputs, output="regression")
    reason = next(check.reason for check in report.checks if check.name == "robustness")
    assert reason and "data.favorable" in reason and report.verdict == "inconclusive"
    report = run(tmp_path / "with", value, inputs, output="regression", favorable={"at_least": 0.25})
    data = frame()
    margin = (2 * data["a"] - data["b"] - 0.25).to_numpy()
    inner = np.abs(margin) <= 0.05 * (2 * data["a"].std(ddof=0) + data["b"].std(ddof=0))
    rate = next(
        m.value for check in report.checks for m in check.measurements
        if m.metric == "robustness.flip_rate" and m.where == {"attack": "fgsm", "norm": "inf", "eps": 0.05}
    )  # fmt: skip
    assert 0 < rate == inner.mean() or abs(rate - inner.mean()) <= 1 / 60  # rows at the bounds of the data


@pytest.mark.parametrize("option", ["immutable", "integer"])
def test_a_column_that_the_model_does_not_read_is_named(tmp_path: Path, option: str) -> None:
    def score(count: Any, a: Any) -> Any:
        import tensorflow as tf

        return tf.sigmoid(count + a)

    with pytest.raises(AuditError) as error:
        run(tmp_path, score, {"count": "float32", "a": "float32"}, options={option: ["counts"]})
    assert f"checks.robustness.{option}" in str(error.value)
    assert "'counts' (did you mean 'count'?)" in str(error.value)


@pytest.mark.parametrize(("eps", "moved"), [(0.2, False), (0.5, True)])
def test_a_column_that_is_read_as_whole_numbers_too_moves_in_such(
    tmp_path: Path, eps: float, moved: bool
) -> None:
    """One data column feeds a float and an integer input: a fraction could not be served."""
    import tensorflow as tf

    save(
        tmp_path / "m", lambda x, y, a: tf.sigmoid(x + tf.cast(y, tf.float32) - 8.0 + a),
        x=([None, 1], tf.float32), y=([None, 1], tf.int64), a=([None, 1], tf.float32),
    )  # fmt: skip
    spec = {"inputs": {"x": "count", "y": "count"}}
    policy = content(tmp_path / "m", store(frame(), tmp_path), spec=spec)
    policy["report"] = {"rows": "shown"}
    report = audit.run({**policy, "checks": {"explainability": False, "robustness": {"eps": [eps]}}})
    tables = {t.name: t.columns for c in report.checks for t in c.tables}
    found = dict(zip(tables["columns"]["feature"], tables["columns"]["moved"], strict=True))
    assert found == {"count": moved, "a": True}
    lines = zip(tables["flips"]["feature"], tables["flips"]["after"], strict=True)
    whole = [float(str(after)) % 1 == 0 for name, after in lines if name == "count"]
    assert bool(whole) == moved and all(whole)


@pytest.mark.parametrize("error", [MachineFault, AuditError])
def test_machines_that_fail_say_nothing_of_the_model(
    error: type[AuditError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost workers are no reason to skip the check, unlike a model that fails on attacked rows."""

    def fail(*_: Any) -> None:
        raise error(where="rows 1 to 9", expected="a worker that computes this", found="three that ended")

    monkeypatch.setattr(check, "run_attacks", fail)
    inputs = {"a": "float32", "b": "float32"}
    if error is AuditError:
        assert run(tmp_path, tree, inputs).checks[-1].status == "skipped"
    else:
        with pytest.raises(MachineFault, match="three that ended"):
            run(tmp_path, tree, inputs)
