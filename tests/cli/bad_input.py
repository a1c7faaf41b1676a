"""Everything that can be wrong with model, data or policy: how to make it, and what the message must name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .kit import Kit

Spoil = Callable[[Kit], object]


def shorten(kit: Kit, pattern: str, keep: float) -> None:
    (file,) = kit.model.glob(pattern)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * keep)])


def remove(kit: Kit, pattern: str) -> None:
    for file in kit.model.glob(pattern):
        file.unlink()


def cell(kit: Kit, column: str, value: object, row: int = 7) -> None:
    kit.frame[column] = kit.frame[column].astype(object)
    kit.frame.loc[row, column] = value


def column(kit: Kit, name: str, value: object) -> None:
    kit.frame[name] = value


def policy_file(kit: Kit, content: bytes) -> None:
    (kit.folder / "audit.yaml").write_bytes(content)


def rule(kit: Kit, **given: object) -> None:
    kit.policy["gate"]["rules"].append(given)


def double_header(kit: Kit) -> None:
    kit.raw(kit.frame.to_csv(index=False).replace("race", "sex", 1).encode())


def latin1(kit: Kit) -> None:
    kit.raw(kit.frame.assign(sex="Männlich").to_csv(index=False).encode("latin-1"))


MODEL: dict[str, tuple[Spoil, list[str]]] = {
    "no such model": (
        lambda k: k.policy["model"].update(path="nowhere"),
        ["nowhere", "no such file or directory"],
    ),
    "an empty directory": (
        lambda k: remove(k, "*.pb"),
        ["a SavedModel directory", "saved_model.pb", "variables"],
    ),
    "saved_model.pb itself": (
        lambda k: k.policy["model"].update(path="model/saved_model.pb"),
        ["*.pb", "directory"],
    ),
    "a truncated saved_model.pb": (
        lambda k: shorten(k, "saved_model.pb", 0.5),
        ["saved_model.pb", "cut short"],
    ),
    "an empty saved_model.pb": (lambda k: shorten(k, "saved_model.pb", 0), ["saved_model.pb", "0 bytes"]),
    "missing variables": (
        lambda k: remove(k, "variables/*"),
        ["variables", "all variables that the graph reads"],
    ),
    "missing variables index": (
        lambda k: remove(k, "variables/*.index"),
        ["all variables that the graph reads"],
    ),
    "shortened variables": (
        lambda k: shorten(k, "variables/*.data*", 0.5),
        ["all variables that the graph reads"],
    ),
    "emptied variables": (
        lambda k: shorten(k, "variables/*.data*", 0),
        ["all variables that the graph reads"],
    ),
    "shortened variables index": (
        lambda k: shorten(k, "variables/*.index", 0.5),
        ["all variables that the graph"],
    ),
    "a .keras file that is none": (
        lambda k: (k.policy["model"].update(path="m.keras"), (k.folder / "m.keras").write_text("x")),
        ["a .keras file", "1 bytes that are not one"],
    ),
    "no such signature": (
        lambda k: k.policy["model"].update(signature="predict"),
        ["'predict'", "'serving_default'"],
    ),
    "a symbolic link": (
        lambda k: (k.model / "extra").symlink_to(k.folder),
        ["a symbolic link", "regular files only"],
    ),
    "classes that are not the labels": (
        lambda k: k.policy["model"].update(classes=["no", "yes"]),
        ["model.classes", "without 0, 1"],
    ),
}

DATA: dict[str, tuple[Spoil, list[str]]] = {
    "a column that the signature wants": (
        lambda k: (k.use("flat_columns"), column(k, "hours-per-week", 1.0)),
        ["'marital_status'", "a data column of that name", "'hours-per-week'"],
    ),
    "a tensor of another width": (lambda k: column(k, "c", 1.5), ["2 numeric columns", "3: 'a', 'b', 'c'"]),
    "a label with one value": (
        lambda k: column(k, "label", 1),
        ["'label'", "at least two label values", "only 1"],
    ),
    "a label with nulls": (
        lambda k: cell(k, "label", None),
        ["'label'", "a label in every row", "1 rows without"],
    ),
    "no such label": (lambda k: k.data.update(label="labl"), ["a column 'labl'", "did you mean 'label'"]),
    "a null in a feature": (
        lambda k: cell(k, "a", None),
        ["'a'", "a value in every row", "1 rows without one"],
    ),
    "infinity in a feature": (
        lambda k: (cell(k, "b", np.inf), cell(k, "a", -np.inf)),
        ["finite scores", "row 8"],
    ),
    "a privileged value without rows": (
        lambda k: k.data["protected"]["sex"].update(privileged="male"),
        ["data.protected.sex.privileged", "'Female', 'Male'", "'male', which no row has"],
    ),
    "text in a numeric column": (
        lambda k: (k.policy["model"].update(inputs={"x": ["a", "b"]}), cell(k, "a", "n/k")),
        ["'a'", "numbers", "'n/k' in row 8"],
    ),
    "text in a column of a tensor": (
        lambda k: cell(k, "a", "n/k"),
        ["2 numeric columns", "1: 'b'", "not numeric: 'sex', 'race', 'a'"],
    ),
    "an empty file": (lambda k: k.raw(b""), ["table.csv", "a table with a header line", "an empty file"]),
    "a header only": (
        lambda k: k.raw(b"a,b,sex,label\n"),
        ["table.csv", "at least one row", "none below the header"],
    ),
    "not UTF-8": (latin1, ["table.csv", "UTF-8"]),
    "duplicate column names": (double_header, ["table.csv", "names that stand once", "'sex'"]),
    "a damaged Parquet file": (
        lambda k: k.raw(b"PAR1" + bytes(64), "t.parquet"),
        ["t.parquet", "Parquet table"],
    ),
    "an empty Parquet file": (lambda k: k.raw(b"", "t.parquet"), ["t.parquet", "Parquet table"]),
    "no such data": (lambda k: k.data.update(path="gone.csv"), ["gone.csv", "no such file"]),
    "another format": (lambda k: k.raw(b"x", "table.xlsx"), [".csv or .parquet", "'.xlsx'"]),
}

POLICY: dict[str, tuple[Spoil, list[str]]] = {
    "an unknown key": (
        lambda k: k.data.update(lable="x"),
        ["data.lable", "did you mean 'label'", "audit.yaml:"],
    ),
    "an unknown section": (lambda k: k.policy.update(gates={}), ["gates", "did you mean 'gate'"]),
    "a wrong type": (lambda k: k.data.update(threshold="half"), ["data.threshold", "valid number", "'half'"]),
    "an unknown metric": (
        lambda k: rule(k, metric="performance.acuracy", at_least=0),
        ["a metric that an installed check offers", "did you mean 'performance.accuracy'"],
    ),
    "a rule on a check that is off": (
        lambda k: k.policy["checks"].update(fairness=False),
        ["rules only on checks that are enabled", "checks.fairness is turned off"],
    ),
    "a waiver of an unknown rule": (
        lambda k: k.policy.update(
            waivers=[{"rule": "x", "reason": "r", "owner": "o", "expires": "2030-01-01"}]
        ),
        ["waivers: x", "the id of a rule", "'performance.accuracy'"],
    ),
    "an unknown check": (
        lambda k: k.policy["checks"].update(fairnes={}),
        ["an installed check", "mean 'fairness'"],
    ),
    "an unknown option of a check": (
        lambda k: k.policy["checks"].update(fairness={"x": 1}),
        ["checks.fairness.x"],
    ),
    "no label": (lambda k: k.data.pop("label"), ["'data.label'", "it is missing"]),
    "a rule without a limit": (lambda k: rule(k, metric="performance.auc"), ["a rule needs a limit"]),
    "not YAML": (lambda k: policy_file(k, b"version: [1"), ["audit.yaml", "a YAML document"]),
    "a policy that is not UTF-8": (lambda k: policy_file(k, b"version: \xff"), ["audit.yaml", "UTF-8 text"]),
    "an empty policy": (lambda k: policy_file(k, b""), ["audit.yaml", "an empty file"]),
    "a policy that is a list": (lambda k: policy_file(k, b"- 1"), ["audit.yaml", "a mapping of keys"]),
}

USAGE: dict[str, tuple[list[str], list[str]]] = {
    "an unknown check in --only": (["--only", "fairnes"], ["--only", "did you mean 'fairness'"]),
    "an override without a value": (["--set", "gate"], ["--set gate", "key.path=value"]),
    "an override that leads nowhere": (
        ["--set", "gate.rules.9.at_least=1"],
        ["--set gate.rules.9", "a list of 2"],
    ),
    "no date": (["--date", "tomorrow"], ["--date", "YYYY-MM-DD", "'tomorrow'"]),
    "a policy and flags": (
        ["--model", "m", "--data", "d", "--label", "l"],
        ["a policy file, or --model", "both"],
    ),
}
