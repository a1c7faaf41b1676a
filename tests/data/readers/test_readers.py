"""Every form of the same table gives the same rows; batches are a matter of memory only."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import audit
from audit.data.readers.registry import open_source
from audit.data.row_hashes import HashKey
from audit.data.source import BatchSize
from audit.errors import AuditError
from audit.result import Report
from audit.subject.copies import count_rows
from audit.subject.predictions import Classified

from ...audits import GIVEN, again, content, measurements, people, store, subject
from ...conftest import Models
from .forms import texts

PROTECTED = {
    "sex": {"privileged": "Male"},
    "race": {"privileged": "White"},
    "age": {"bins": [25, 60], "privileged": "25-60"},
}


PEOPLE = [
    "german.csv", "tab.tsv", "spaces.csv", "excel.csv", "gzip.csv.gz", "zstd.csv.zst", "bz2.csv.bz2", "lines.jsonl",
]  # fmt: skip


def frame() -> pd.DataFrame:
    return people(900)


def policy(model: Path, path: str | Path) -> dict[str, Any]:
    """Return a policy for the model `given`, whose scores are its input: other models' kernels round the last rows
    of a batch in another way (by 6e-8), which is theirs and not what is tested here."""
    return content(model, path, spec=GIVEN, protected=PROTECTED, intersections=[["sex", "race"]])


def audited(model: Path, path: str | Path) -> Report:
    return audit.run(policy(model, path))


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The paths of one table in every form."""
    folder, table = tmp_path_factory.mktemp("forms"), frame()
    for kind in ("csv", "parquet"):
        for number, rows in enumerate([slice(0, 350), slice(350, 351), slice(351, None)]):
            (folder / kind / f"part={number}").mkdir(parents=True)
            store(table.iloc[rows], folder / kind / f"part={number}", f"rows.{kind}")
        (folder / kind / "README.txt").write_text("not a table")
    table.assign(sex=table["sex"].astype("category")).to_parquet(folder / "codes.parquet", index=False)
    table.to_parquet(folder / "groups.parquet", index=False, row_group_size=64)
    (folder / "quoted.csv").write_text("\ufeff" + table.to_csv(index=False, quoting=2, lineterminator="\r\n"))
    written = texts(table)
    for name in PEOPLE:
        (folder / name).write_bytes(written[name])
    table.to_feather(folder / "people.feather")
    return {
        **{name: str(folder / name) for name in PEOPLE},
        "feather": str(folder / "people.feather"),
        "one csv": str(store(table, folder, "one.csv")),
        "one parquet": str(store(table, folder, "one.parquet")),
        "upper case": str(store(table, folder, "one.PARQUET")),
        "csv directory": str(folder / "csv"),
        "parquet directory": str(folder / "parquet"),
        "glob": f"{folder}/csv/*/*.csv",
        "deep glob": f"{folder}/parquet/**/*.parquet",
        "categories": str(folder / "codes.parquet"),
        "row groups": str(folder / "groups.parquet"),
        "byte order mark, quotes, CRLF": str(folder / "quoted.csv"),
    }


FORMS = [
    "one csv", "upper case", "csv directory", "parquet directory", "glob", "deep glob", "categories", "row groups",
    "byte order mark, quotes, CRLF", "feather", *PEOPLE,
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_measures_the_same(model: Models, forms: dict[str, str], form: str) -> None:
    expected, found = (audited(model("given"), forms[name]) for name in ("one parquet", form))
    assert measurements(found) == measurements(expected)
    assert found.data.distinct_rows == expected.data.distinct_rows
    assert found.data.groups == expected.data.groups


@pytest.mark.parametrize("form", ["one csv", "one parquet", "csv directory", "categories"])
def test_the_size_of_a_batch_changes_nothing(model: Models, forms: dict[str, str], form: str) -> None:
    whole = subject(policy(model("given"), forms[form]))
    table, scored = again(whole, BatchSize(rows=300))
    sizes = [batch.num_rows for batch in whole.source.batches(["label"])]
    assert max(sizes) <= 300 and sum(sizes) == 900
    np.testing.assert_equal(asdict(scored.scores), asdict(whole.scores))
    np.testing.assert_equal([vars(a) for a in table.attributes], [vars(a) for a in whole.attributes])
    assert (
        count_rows(whole.policy.data, table, scored.hashes, HashKey(0)).distinct
        == whole.data_facts.distinct_rows
    )


def test_scores_of_other_batches_differ_by_rounding_only(model: Models, tmp_path: Path) -> None:
    table = people(900).assign(b=np.linspace(-4, 4, 900))
    given = content(model("sigmoid"), store(table, tmp_path), spec={"inputs": {"x": ["score", "b"]}})
    whole = subject(given)
    parts = again(whole, BatchSize(rows=257))[1].scores
    assert isinstance(parts, Classified) and isinstance(whole.scores, Classified)
    np.testing.assert_allclose(parts.favorable, whole.scores.favorable, rtol=0, atol=1.2e-7)


def test_wide_tables_are_read_in_fewer_rows(tmp_path: Path) -> None:
    wide = pd.DataFrame(np.zeros((2000, 40))).rename(columns=str)
    source = open_source(str(store(wide, tmp_path)))
    source.batch_size = BatchSize(bytes=8 * 40 * 500)
    assert [batch.num_rows for batch in source.batches(source.schema.names)] == [500] * 4


HIDDEN = [
    ".ipynb_checkpoints/1-checkpoint.csv",
    "_temporary/0/part.csv",
    ".part.csv",
    "_part.csv",
    "a/.b/c.csv",
]


@pytest.mark.parametrize("name", HIDDEN)
def test_copies_that_tools_leave_in_a_directory_are_not_read(tmp_path: Path, name: str) -> None:
    """Read as well, they would count their rows twice."""
    folder = tmp_path / "_data" / ".version"  # the directory that was named may be called as it likes
    for file in (folder / "a" / "rows.csv", folder / name):
        file.parent.mkdir(parents=True, exist_ok=True)
        store(frame(), file.parent, file.name)
    assert open_source(str(folder)).files == [folder / "a" / "rows.csv"]
    assert open_source(str(folder / name)).files == [folder / name]


def test_paths_start_from_the_policy(model: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project" / "data").mkdir(parents=True)
    store(frame(), tmp_path / "project" / "data", "rows.csv")
    assert open_source("data/rows.csv", tmp_path / "project").files
    assert len(open_source("data/*.csv", tmp_path / "project").files) == 1
    monkeypatch.chdir(tmp_path / "project")
    assert open_source("data/rows.csv").files


@pytest.mark.parametrize(
    ("files", "path", "found"),
    [
        ({}, "none.csv", "no such file"),
        ({}, "*.csv", "no such file"),
        ({"a.txt": "x"}, ".", "a directory without such files"),
        ({"a.xlsx": "x"}, "a.xlsx", "'.xlsx'"),
        ({"a.csv": "x\n1\n", "b.parquet": "x"}, ".", "'.csv', '.parquet'"),
        (
            {"a.csv": "x\n1\n", "b.csv": "y\n1\n"},
            "*.csv",
            "column 'x', as in .*a.csv\n  found:    the columns 'y'",
        ),
        ({"a.parquet": "PAR1 nonsense"}, "a.parquet", "."),
        ({"a.csv": "x,y\n1,2\n1,2,3\n"}, "a.csv", r"row 2\n.*2 values, as in the header\n.*3\n"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, files: dict[str, str], path: str, found: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(AuditError, match=found):
        list(open_source(str(tmp_path / path)).batches(["x"]))
