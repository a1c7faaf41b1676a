"""`audit init`: what it writes runs as it is, and says what was guessed and what the rows cannot decide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from audit.check import load_policy
from audit.cli import main
from audit.draft.questions import question_of
from audit.draft.yaml_text import _asked
from audit.errors import AuditError, Setting

from ..audits import store
from ..conftest import Models


def table(rows: int = 600, **columns: object) -> pd.DataFrame:
    """Return rows for the model ``two_columns`` whose label follows ``a``."""
    rng = np.random.default_rng(3)
    a = rng.standard_normal(rows)
    frame = {
        "a": a,
        "b": rng.standard_normal(rows),
        "sex": np.where(np.arange(rows) % 3 == 0, "Female", "Male"),
        "age": rng.integers(18, 80, rows),
        "label": np.where(a + rng.standard_normal(rows) > 0, "yes", "no"),
    }
    return pd.DataFrame({**frame, **columns})


@pytest.fixture
def folder(tmp_path: Path, model: Models, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").symlink_to(model("two_columns"))
    return tmp_path


def init(*more: str) -> int:
    return main(["init", "model", "table.csv", "--label", "label", *more])


def test_the_draft_is_a_policy_that_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(table(), folder, "table.csv")
    assert init() == 0
    said = capsys.readouterr().out
    assert "guessed by name: sex, age" in said
    policy = load_policy("audit.yaml")
    assert policy.data.protected["sex"].privileged == ["Male"]
    assert policy.data.protected["age"].bins == [25, 60]
    assert policy.data.favorable == ["yes"]
    assert not policy.default_rules  # they stand in the file, to be decided on
    assert main(["run", "--quiet"]) in (0, 1, 3)


def test_the_hints_are_keys_that_work(folder: Path) -> None:
    store(table(), folder, "table.csv")
    store(table(rows=30).drop(columns="label"), folder, "train.csv")
    assert init() == 0
    text = (folder / "audit.yaml").read_text()
    assert load_policy("audit.yaml").data.background is None
    hints = {
        "  # background: PATH": "  background: train.csv",
        "  # baseline: PATH": "  baseline: model",
        "  # max_audits: 20": "  max_audits: 20",
        "# report:\n#  ": "report:\n ",
    }
    for hint, key in hints.items():
        assert text.count(hint) == 1
        text = text.replace(hint, key)
    (folder / "audit.yaml").write_text(text)
    policy = load_policy("audit.yaml")
    assert (policy.data.background, policy.report.rows) == ("train.csv", "masked")
    assert policy.gate and (policy.model.baseline, policy.gate.max_audits) == ("model", 20)
    assert main(["run", "--quiet"]) in (0, 1, 3)


def test_it_never_overwrites_without_force(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(table(), folder, "table.csv")
    (folder / "audit.yaml").write_text("mine")
    assert init() == 2
    assert "--force" in capsys.readouterr().err
    assert (folder / "audit.yaml").read_text() == "mine"
    assert init("--force") == 0
    assert load_policy("audit.yaml").data.label == "label"


def test_a_draft_in_another_folder_runs_from_anywhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(table(), folder, "table.csv")
    assert init("--out", "policies/first.yaml") == 0
    assert load_policy("policies/first.yaml").model.path == "../model"
    monkeypatch.chdir(folder / "policies")
    assert main(["run", "first.yaml", "--quiet"]) in (0, 1, 3)


def test_it_says_what_the_rows_are_too_few_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(table(rows=90), folder, "table.csv")
    assert init() == 0
    said = capsys.readouterr().out
    cannot = "these rows cannot decide it for Female (30 rows, fewer than min_rows)"
    assert f"fairness.disparate_impact[attribute=sex]: {cannot}" in said
    assert "# these rows cannot decide the next rule for Female" in (folder / "audit.yaml").read_text()


def test_nulls_are_counted_and_left_to_the_author(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(table(b=[None, 1.0] * 300), folder, "table.csv")
    assert init() == 3
    assert "b: 300 rows have no value" in capsys.readouterr().out
    text = (folder / "audit.yaml").read_text()
    assert "  # missing:" in text and "#   b: VALUE" in text
    assert main(["run", "--quiet"]) == 2  # as the file says: it stops at them


def test_a_hostile_table_makes_a_plain_policy(folder: Path) -> None:
    names = {"race: {x}\n#": ["a: [b", "!!python/object"] * 300}
    store(table(**names), folder, "table.csv")  # type: ignore[arg-type]  # columns by name
    assert init() == 0
    assert load_policy("audit.yaml").data.protected["race: {x}\n#"].privileged[0] in (
        "a: [b",
        "!!python/object",
    )


def test_no_protected_attribute_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(table().drop(columns=["sex", "age"]), folder, "table.csv")
    assert init() == 0
    assert "no protected attribute was guessed" in capsys.readouterr().out


def test_a_label_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(table(), folder, "table.csv")
    assert main(["init", "model", "table.csv", "--label", "lable"]) == 2
    assert "did you mean 'label'?" in capsys.readouterr().err
    assert not (folder / "audit.yaml").exists()


def use(folder: Path, model: Path) -> None:
    (folder / "model").unlink()
    (folder / "model").symlink_to(model)


PLAIN = table().drop(columns=["sex", "age"])
OUTPUTS = [f"output: {{name: {name}}}" for name in ("risk", "chance")]
KINDS = [f"output: {kind}" for kind in ("probabilities", "logits", "regression")]
COLUMNS = [f"output: {{name: score, column: {number}, kind: regression}}" for number in range(3)]
QUESTIONS: dict[str, tuple[str, pd.DataFrame, list[str], str]] = {
    "several outputs": ("two_outputs", PLAIN, OUTPUTS, OUTPUTS[0]),
    "what a score is": ("percent", PLAIN, KINDS, ""),
    "files that the graph reads": (
        "reads_files",
        PLAIN.drop(columns="b"),
        ["allow_operations: [ReadFile]", *KINDS],
        "",
    ),
    "more columns than inputs": ("given3", table(c=1.0, d=2.0), [], ""),
    "many numbers as classes": ("given3", PLAIN.assign(c=0.0, label=range(600)), COLUMNS, COLUMNS[1]),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_an_audit_would_refuse_is_an_open_question(
    name: str, folder: Path, model: Models, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, frame, choices, answer = QUESTIONS[name]
    use(folder, model(kind))
    store(frame, folder, "table.csv")
    assert init() == 3
    said = capsys.readouterr().out
    assert "  open: " in said and "Next: choose in audit.yaml" in said
    text = (folder / "audit.yaml").read_text()
    assert "# OPEN: " in text
    for choice in choices:
        assert text.count(f"  # {choice}\n") == 1 and f"    model.{choice}\n" in said
    load_policy("audit.yaml")
    assert main(["run", "--quiet"]) == 2
    if answer:
        (folder / "audit.yaml").write_text(text.replace(f"  # {answer}\n", f"  {answer}\n"))
        assert main(["run", "--quiet"]) in (0, 1, 3)


def test_the_columns_to_choose_from_are_listed(folder: Path, model: Models) -> None:
    use(folder, model("given3"))
    store(table(c=1.0, d=2.0), folder, "table.csv")
    assert init() == 3
    text = (folder / "audit.yaml").read_text()
    assert "  # inputs: {x: ['a', 'b', 'age', 'c', 'd']}          # to be completed\n" in text


def several(rows: int = 600) -> pd.DataFrame:
    scores = np.random.default_rng(5).dirichlet([1, 1, 1], rows)
    label = np.array(["a", "b", "c"])[scores.argmax(1)]
    frame = pd.DataFrame(scores, columns=["p0", "p1", "p2"])
    return frame.assign(sex=["Female", "Male", "Male"] * (rows // 3), label=label)


def test_several_classes_are_no_open_question(
    folder: Path, model: Models, capsys: pytest.CaptureFixture[str]
) -> None:
    use(folder, model("given3"))
    store(several(), folder, "table.csv")
    kind = "--set=model.output=probabilities"
    assert init(kind) == 0
    assert "sex: protected attributes need data.favorable" in capsys.readouterr().out
    policy = load_policy("audit.yaml")
    assert (policy.data.favorable, policy.data.protected) == (None, {})
    assert policy.rules[0].metric == "performance.macro_auc"
    assert main(["run", "--quiet"]) in (0, 3)
    assert init(kind, "--force", "--protected", "sex=Male") == 3
    text = (folder / "audit.yaml").read_text()
    assert all(f"  # favorable: '{value}'\n" in text for value in "abc")
    assert init(kind, "--force", "--protected", "sex=Male", "--favorable", "c") == 0
    policy = load_policy("audit.yaml")
    assert (policy.data.favorable, list(policy.data.protected)) == (["c"], ["sex"])


def test_each_choice_stands_where_its_key_belongs(
    folder: Path, model: Models, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which value is favourable goes under data, and that it is a number instead under model: never the other way."""
    use(folder, model("softmax"))
    frame = table().drop(columns="age")
    store(frame.assign(label=frame["a"].rank().astype(int) % 3), folder, "table.csv")
    assert init() == 0  # several classes need no favourable value
    assert init("--force", "--protected", "sex=Male") == 3
    text = (folder / "audit.yaml").read_text()
    of_model, _, of_data = text.partition("\ndata:\n")
    assert all(f"  # favorable: {value}\n" in of_data for value in range(3)) and "favorable" not in of_model
    assert "  # output: regression" in of_model and text.count("# OPEN") == 1
    said = capsys.readouterr().out
    assert said.index("data.favorable: 0") < said.index("model.output: regression")  # a softmax is none
    (folder / "audit.yaml").write_text(text.replace("  # favorable: 1\n", "  favorable: 1\n"))
    assert main(["run", "--quiet"]) in (0, 1, 3)


def test_a_column_of_an_output_is_offered_by_its_name_with_rules_for_it(folder: Path, model: Models) -> None:
    use(folder, model("logits"))
    frame = table().drop(columns=["sex", "age"])
    store(frame.assign(label=frame["a"] + 0.25), folder, "table.csv")
    assert init() == 3
    text = (folder / "audit.yaml").read_text()
    choices = [f"  # output: {{name: score, column: {n}, kind: regression}}\n" for n in range(3)]
    assert all(text.count(choice) == 1 for choice in choices)
    (folder / "audit.yaml").write_text(text.replace(choices[0], choices[0].replace("# ", "")))
    assert [rule.metric for rule in load_policy("audit.yaml").rules] == ["performance.r2"]
    assert main(["run", "--quiet"]) in (0, 1, 3)


def test_a_model_whose_output_does_not_open_is_a_question_too(folder: Path, model: Models) -> None:
    module = tf.Module()
    module.call = tf.function(
        lambda x: {"score": tf.argmax(x, 1)}, input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")]
    )
    tf.saved_model.save(module, str(folder / "ids"), signatures={"serving_default": module.call})
    use(folder, folder / "ids")
    store(PLAIN, folder, "table.csv")
    assert init() == 3
    assert "found values of type int64" in (folder / "audit.yaml").read_text()


def test_many_classes_in_another_order_are_one_line_to_uncomment(folder: Path) -> None:
    """However long: a choice that was cut would be no YAML."""
    values = [f"a label value of some length, number {number:02}" for number in range(40)]
    error = AuditError(
        where="model.classes", expected="e", found="f", settings=[Setting("model.classes", str(values))]
    )
    lines = list(_asked([question_of(error)], "model"))
    assert lines[1] == f"  # classes: {values}"


def test_flags_are_keys_of_the_draft(folder: Path, model: Models) -> None:
    use(folder, model("two_outputs"))
    store(table().drop(columns="age").assign(w=2.0), folder, "table.csv")
    more = [
        "--set=gate.min_rows=50",
        "--set=checks.robustness=false",
        "--set=data.weight=w",
        "--set=report.rows=none",
    ]
    assert init("--output", "risk", "--favorable", "no", "--protected", "sex=Female", *more) == 0
    policy = load_policy("audit.yaml")
    assert (policy.model.output.name, policy.data.favorable, policy.data.weight) == ("risk", ["no"], "w")
    assert policy.data.protected["sex"].privileged == ["Female"] and list(policy.data.protected) == ["sex"]
    assert (policy.gate.min_rows, policy.report.rows, policy.checks["robustness"]) == (50, "none", False)
    assert not any(rule.metric.startswith("robustness") for rule in policy.rules)


def test_nothing_that_was_set_is_lost(folder: Path) -> None:
    store(table(), folder, "table.csv")
    rules = "[{metric: performance.auc, at_least: 0.61234567, id: ranking}]"
    settings = ["gate.max_audits=20", "gate.max_waiver_days=90", "gate.confidence=0.9", f"gate.rules={rules}"]
    assert init("--protected", "sex=Male", "--favorable", "no", *(f"--set={one}" for one in settings)) == 0
    policy = load_policy("audit.yaml")
    gate = policy.gate
    assert (gate.max_audits, gate.max_waiver_days, gate.confidence) == (20, 90, 0.9)
    assert [(rule.id, rule.at_least) for rule in policy.rules] == [("ranking", 0.61234567)]


def test_a_regression_has_rules(folder: Path, model: Models) -> None:
    use(folder, model("logit"))
    frame = table().drop(columns="age")
    store(frame.assign(label=frame["a"] * 10 + 0.5), folder, "table.csv")
    assert init() == 0
    metrics = [rule.metric for rule in load_policy("audit.yaml").rules]
    assert metrics[:2] == ["performance.r2", "fairness.mean_prediction_difference"]


def test_what_is_no_model_or_no_policy_writes_nothing(folder: Path) -> None:
    store(table(), folder, "table.csv")
    assert main(["init", "modle", "table.csv", "--label", "label"]) == 2
    assert init("--set=data.unknown=1") == 2
    assert init("--protected", "sex") == 2
    assert not (folder / "audit.yaml").exists()
