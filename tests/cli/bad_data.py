"""Everything that can be wrong with the data: how to make it, and what the message must name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .bad_input import Spoil
from .kit import Kit


def cell(kit: Kit, column: str, value: Any, row: int = 7) -> None:
    kit.frame[column] = kit.frame[column].astype(object)
    kit.frame.loc[row, column] = value


def column(kit: Kit, name: str, value: Any) -> None:
    kit.frame[name] = value


def parts(kit: Kit, *names: str) -> None:
    """Write the table several times, into a directory."""
    kit.data["path"] = "parts"
    for name in names:
        file = kit.folder / "parts" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        kit.frame.to_csv(file, index=False)


def one_used_category(kit: Kit) -> None:
    kit.file = kit.data["path"] = "table.parquet"
    kit.frame["label"] = pd.Categorical([1] * len(kit.frame), categories=[0, 1])


def number_for_a_word(kit: Kit) -> None:
    """A column of numbers, some of them NaN, where the model takes a text."""
    kit.use("flat_columns")
    kit.file = kit.data["path"] = "table.parquet"
    kit.frame["hours-per-week"], kit.frame["marital-status"] = (
        1.0,
        [1.0, float("nan")] * (len(kit.frame) // 2),
    )


def double_header(kit: Kit) -> None:
    kit.raw(kit.frame.to_csv(index=False).replace("race", "sex", 1).encode())


def latin1(kit: Kit) -> None:
    kit.raw(kit.frame.assign(sex="Männlich").to_csv(index=False).encode("latin-1"))


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
    "the label as a feature": (
        lambda k: k.policy["model"].update(inputs={"x": ["a", "label"]}),
        ["input 'x'", "known before the outcome", "the label 'label'"],
    ),
    "a label with the word NA among numbers": (
        lambda k: cell(k, "label", "NA"),
        ["'label'", "a label in every row", "1 rows without"],
    ),
    "a label with one value and another category": (
        one_used_category,
        ["'label'", "at least two label values", "only 1"],
    ),
    "NaN where the model takes a text": (
        number_for_a_word,
        ["'marital-status'", "a value in every row", "150 rows without one"],
    ),
    "nothing but hidden files": (
        lambda k: parts(k, ".a.csv", "_temporary/b.csv", ".ipynb_checkpoints/c.csv"),
        ["parts", "a directory without such files"],
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
        ["row 8: data column 'a'", "numbers", "text that is no number"],
    ),
    "text in a column of a tensor": (
        lambda k: cell(k, "a", "n/k"),
        ["2 numeric columns", "1: 'b'", "not numeric: 'sex', 'race', 'a'"],
    ),
    "an empty file": (lambda k: k.raw(b""), ["table.csv", "a table with a header line", "an empty file"]),
    "a header only": (
        lambda k: k.raw(b"a,b,sex,label\n"),
        ["table.csv", "at least one row", "no rows after the header"],
    ),
    "not UTF-8": (latin1, ["table.csv", "UTF-8"]),
    "duplicate column names": (double_header, ["table.csv", "names that stand once", "'sex'"]),
    "a damaged Parquet file": (
        lambda k: k.raw(b"PAR1" + bytes(64), "t.parquet"),
        ["t.parquet", "a whole table"],
    ),
    "an empty Parquet file": (lambda k: k.raw(b"", "t.parquet"), ["t.parquet", "a whole table"]),
    "no such data": (lambda k: k.data.update(path="gone.csv"), ["gone.csv", "no such file"]),
    "another format": (lambda k: k.raw(b"x", "table.xlsx"), [".csv, .parquet", "'.xlsx'"]),
}
