"""AIF360's own datasets, read by AIF360 from the raw files; where those are missing, a message and not an exit."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

import audit
from audit.cli import main
from audit.data.readers.aif360 import AifSource, open_aif360
from audit.errors import AuditError
from audit.frameworks.aif360_loader import aif360

from ...audits import content, one
from ...conftest import Models


def table(source: AifSource) -> pd.DataFrame:
    return pd.concat([batch.to_pandas() for batch in source.batches(source.schema.names)])


def relocated(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Make AIF360's module believe that it is installed under ``folder``."""
    module: ModuleType = aif360(f"datasets.{name}_dataset")
    monkeypatch.setattr(module, "__file__", str(folder / "aif360" / "datasets" / f"{name}_dataset.py"))
    (folder / "aif360" / "datasets").mkdir(parents=True)
    (folder / "aif360" / "data" / "raw" / name).mkdir(parents=True)
    return module


@pytest.fixture
def german(raw_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AifSource:
    relocated("german", tmp_path, monkeypatch)
    shutil.copy(raw_data / "german" / "german.data", tmp_path / "aif360" / "data" / "raw" / "german")
    return open_aif360("aif360:GermanDataset")


def test_german_has_the_published_gap(german: AifSource) -> None:
    frame = table(german)
    assert len(frame) == 1000
    old, good = frame["age"] == 1, frame["credit"] == 1
    assert good[~old].mean() - good[old].mean() == pytest.approx(-0.14944769330734242, abs=1e-12)
    assert good[~old].mean() / good[old].mean() == pytest.approx(0.7948260481712757, abs=1e-12)


def test_german_is_audited_like_any_table(german: AifSource, model: Models) -> None:
    """The model scores the second label value (2, bad) by the age column: the old are never favoured."""
    spec = {"output": "probabilities", "inputs": {"x": "age"}, "classes": [1, 2]}
    policy = content(
        model("given"), german.path, spec=spec, label="credit", favorable=1,
        protected={"age": {"privileged": 1}, "sex": {"privileged": 1}},
    )  # fmt: skip
    report, where = audit.run(policy), {"attribute": "age", "unprivileged": "0", "privileged": "1"}
    assert (report.data.rows, report.data.favorable) == (1000, [1])
    assert one(report, "fairness.statistical_parity_difference", **where).value == 1
    assert one(report, "fairness.disparate_impact", **where).value == float("inf")
    assert one(report, "performance.rows", attribute="sex", group="0").value == 310


def test_a_source_can_be_read_again_and_in_parts(german: AifSource) -> None:
    once, again = table(german), table(german)
    pd.testing.assert_frame_equal(once, again)
    sizes = [batch.num_rows for batch in german.read(["age", "credit"], 300)]
    assert sizes == [300, 300, 300, 100]


def test_the_digest_is_that_of_the_raw_file(german: AifSource, raw_data: Path, tmp_path: Path) -> None:
    assert german.files == [tmp_path / "aif360" / "data" / "raw" / "german" / "german.data"]
    german.files[0].write_bytes(b"other")
    other = german.digest()
    shutil.copy(raw_data / "german" / "german.data", german.files[0])
    assert other != german.digest()


def test_adult_has_its_published_rows(
    raw_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    relocated("adult", tmp_path, monkeypatch)
    for name in ("adult.data", "adult.test"):
        shutil.copy(raw_data / "adult" / name, tmp_path / "aif360" / "data" / "raw" / "adult")
    frame = table(open_aif360("aif360:AdultDataset"))
    assert len(frame) == 45_222
    assert frame["income-per-year"].mean() == pytest.approx(0.2478, abs=5e-5)
    assert not np.isnan(frame.to_numpy(float)).any()


def test_missing_raw_files_are_an_error_that_says_where_they_belong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """AIF360 itself prints instructions and ends the process with 1, which would read as 'fail'."""
    relocated("german", tmp_path, monkeypatch)
    belongs = str(tmp_path / "aif360" / "data" / "raw" / "german")
    words = [
        "--model",
        "m",
        "--data",
        "aif360:GermanDataset",
        "--label",
        "credit",
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(["run", *words]) == 2
    seen = capsys.readouterr()
    assert belongs in seen.err and "'german.data'" in seen.err and seen.out == ""


def test_an_unknown_dataset_names_the_known_ones() -> None:
    with pytest.raises(AuditError, match=r"'GermanDatset' \(did you mean 'GermanDataset'"):
        open_aif360("aif360:GermanDatset")
