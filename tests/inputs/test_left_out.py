"""Columns that are never features: an index without a name, and those of `data.ignore`."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

import audit
from audit.errors import AuditError
from audit.inputs.column_candidates import left_out
from audit.policy.model import DataSpec

from ..audits import content, one
from ..conftest import Models
from ..models import WEIGHTS

UNNAMED = ["", " ", "Unnamed: 0", "Unnamed: 12", "Unnamed: 0.1", "Unnamed: 0_level_1", "__index_level_0__"]
NAMED = ["Unnamed", "unnamed: 0", "index", "id", "0", "__index_level_x__", "My Unnamed: 0"]


def test_which_columns_are_left_out() -> None:
    schema = pa.schema([(name, pa.int64()) for name in [*UNNAMED, *NAMED]])
    spec = DataSpec(path="d", label="label", ignore=["id"])
    assert left_out(spec, schema) == [*UNNAMED, "id"]


def table() -> pd.DataFrame:
    random = np.random.default_rng(4)
    frame = pd.DataFrame({"a": random.normal(size=400), "b": random.normal(size=400)})
    label = frame.a * WEIGHTS[0][0] + frame.b * WEIGHTS[1][0] + random.normal(size=400) > 0
    return frame.assign(label=label.astype(int))


def stored(frame: pd.DataFrame, folder: Path, kind: str) -> Path:
    if kind == "csv":
        frame.to_csv(folder / "d.csv")
    elif kind == "csv twice":
        frame.to_csv(folder / "c.csv")
        pd.read_csv(folder / "c.csv").to_csv(folder / "d.csv")
    else:
        frame.set_index(np.arange(400)[::-1].copy()).to_parquet(folder / "d.parquet")
    return folder / ("d.parquet" if kind == "parquet" else "d.csv")


@pytest.mark.parametrize("kind", ["csv", "csv twice", "parquet"])
def test_an_index_is_never_fed(model: Models, tmp_path: Path, kind: str) -> None:
    frame = table()
    auc = roc_auc_score(frame.label, frame.a * WEIGHTS[0][0] + frame.b * WEIGHTS[1][0])
    report = audit.run(content(model("sigmoid"), stored(frame, tmp_path, kind)))
    assert one(report, "performance.auc").value == pytest.approx(auc, abs=1e-6) and auc > 0.7
    assert report.data.left_out and not set(report.data.left_out) & {"a", "b", "label"}
    assert any(warning.endswith("The order: 'a', 'b'") for warning in report.warnings)


def test_an_index_does_not_make_up_for_a_missing_column(model: Models, tmp_path: Path) -> None:
    file = stored(table().assign(b="text"), tmp_path, "csv")
    with pytest.raises(AuditError, match=r"2 numeric columns besides label, weight, cluster[\s\S]*1: 'a'"):
        audit.run(content(model("sigmoid"), file))


def test_ignored_columns(model: Models, tmp_path: Path) -> None:
    frame = table().assign(number=np.arange(400))
    policy = content(model("sigmoid"), stored(frame, tmp_path, "csv"), ignore=["number"])
    report = audit.run(policy)
    assert report.model.columns == {"x": ["a", "b"]} and report.data.left_out == ["", "number"]
    assert report.policy.effective["data"]["ignore"] == ["number"]  # type: ignore[index]
    policy["data"]["ignore"] = ["nunber"]
    with pytest.raises(AuditError, match="did you mean 'number'"):
        audit.run(policy)


@pytest.mark.parametrize("column", ["", "a"])
def test_what_is_left_out_cannot_be_listed(model: Models, tmp_path: Path, column: str) -> None:
    spec: dict[str, Any] = {"inputs": {"x": ["b", column]}}
    policy = content(model("sigmoid"), stored(table(), tmp_path, "csv"), spec=spec, ignore=["a"])
    if column:
        with pytest.raises(AuditError, match=r"features[\s\S]*'a'[\s\S]*data\.ignore"):
            audit.run(policy)
    else:
        with pytest.raises(AuditError):
            audit.run(policy)


def test_a_feature_that_numbers_the_rows_and_one_that_is_the_label_are_named(
    model: Models, tmp_path: Path
) -> None:
    frame = table()
    leaking = frame.assign(b=frame.label * 2.0, a=np.arange(400.0))
    report = audit.run(content(model("sigmoid"), stored(leaking, tmp_path, "csv")))
    text = "\n".join(report.warnings)
    assert "features that number the rows: 'a'" in text and "nearly equal the label: 'b' (1.0000)" in text
    assert "nearly equal" not in "\n".join(
        audit.run(content(model("sigmoid"), stored(frame, tmp_path, "csv"))).warnings
    )
