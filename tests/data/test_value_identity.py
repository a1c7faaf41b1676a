"""One identity of values: every pair of spellings, in every reader, as group, label, cluster and policy value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audit.data.dataset import Dataset, read_dataset
from audit.data.labels import Labels
from audit.data.readers.registry import open_source
from audit.data.source import BatchSize
from audit.errors import AuditError
from audit.policy.model import DataSpec

from ..values.spellings import SPELLINGS, VALUE_OF, VALUES
from .columns import WRITERS, npz, parquet

HALVES = ["0", "1"]
FORMS = [name for name in WRITERS if name != "tfrecord"]


def dataset(path: Path, batch_rows: int = 65536, **data: Any) -> Dataset:
    spec = DataSpec.model_validate({"path": str(path), "label": "label", **data})
    source = open_source(str(path))
    source.batch_size = BatchSize(rows=batch_rows)
    return read_dataset(spec, source, "auto")


def group(path: Path, privileged: object, **data: Any) -> Any:
    return dataset(path, protected={"g": {"privileged": privileged}}, **data).attributes[0]


def write(form: str, folder: Path, spellings: Sequence[str] = SPELLINGS) -> Path:
    """Write all spellings twice, as group, cluster and label ``own``."""
    rows = [*spellings, *reversed(spellings)]
    halves = [HALVES[i % 2] for i in range(len(rows))]
    return WRITERS[form]({"g": rows, "own": rows, "label": halves}, folder)


def same_partition(codes: np.ndarray, spellings: Sequence[str]) -> None:
    rows = [*spellings, *reversed(spellings)]
    values = np.array([VALUE_OF[spelling] for spelling in rows])
    np.testing.assert_array_equal(codes[:, None] == codes, values[:, None] == values)


@pytest.mark.parametrize("form", FORMS)
def test_spellings_are_groups_labels_and_clusters_by_value(form: str, tmp_path: Path) -> None:
    """All pairs at once: two rows have one code if and only if their spellings are one value."""
    path = write(form, tmp_path)
    read = dataset(path, label="own", favorable="Male", cluster="g", protected={"g": {"privileged": "Male"}})
    assert isinstance(read.labels, Labels) and read.clusters is not None
    for codes in (read.labels.codes, read.clusters, read.attributes[0].codes):
        same_partition(codes, SPELLINGS)


@pytest.mark.parametrize("form", ["csv", "parquet", "npz"])
@pytest.mark.parametrize("spellings", VALUES, ids=lambda spellings: spellings[0])
def test_every_spelling_in_a_policy_names_its_value(form: str, spellings: list[str], tmp_path: Path) -> None:
    path = write(form, tmp_path)
    rows = [*SPELLINGS, *reversed(SPELLINGS)]
    members = [row for row, spelling in enumerate(rows) if spelling in spellings]
    for spelling in spellings:
        read = dataset(path, label="own", favorable=spelling, protected={"g": {"privileged": spelling}})
        assert isinstance(read.labels, Labels)
        assert np.flatnonzero(np.isin(read.labels.codes, read.labels.favorable)).tolist() == members
        attribute = read.attributes[0]
        assert np.flatnonzero(np.isin(attribute.codes, attribute.privileged)).tolist() == members


ONES: dict[str, Any] = {
    **{str(kind): pa.array([1, 0], kind) for kind in (pa.int8(), pa.int64(), pa.uint8(), pa.uint64())},
    **{
        str(kind): pa.array(np.array([1, 0], kind.to_pandas_dtype())) for kind in (pa.float16(), pa.float32())
    },
    "double": pa.array([1.0, -0.0]),
    "decimal": pa.array([Decimal("1.00"), Decimal("0.00")], pa.decimal128(5, 2)),
    "long decimal": pa.array([Decimal("1.00"), Decimal("0.00")], pa.decimal256(60, 30)),
    "categories of integers": pa.array([1, 0]).dictionary_encode(),
    "categories of floats": pa.array([1.0, 0.0]).dictionary_encode(),
    "categories of decimals": pa.array([Decimal("1.0"), Decimal("0.0")]).dictionary_encode(),
    "categories of long texts": pa.array(["1.0", "0.0"], pa.large_string()).dictionary_encode(),
    "categories of bytes": pa.array([b"1.0", b"0"]).dictionary_encode(),
    "text": pa.array(["1.0", "0.00"]),
}


@pytest.mark.parametrize("kind", ONES)
@pytest.mark.parametrize("wanted", [1, 1.0, "1", "1.0"])
def test_a_parquet_type_does_not_change_a_value(kind: str, wanted: object, tmp_path: Path) -> None:
    column = ONES[kind]
    path = parquet({"g": column, "label": column}, tmp_path)
    read = dataset(path, favorable=wanted, protected={"g": {"privileged": wanted}})
    assert isinstance(read.labels, Labels)
    assert read.labels.values == [0, 1] and list(read.labels.codes) == [1, 0] and read.labels.favorable == [1]
    assert read.attributes[0].rows == {"0": 1, "1": 1} and read.attributes[0].privileged_name == "1"
    assert read.warnings == []


FLAGS = {
    "flags": pa.array([True, False]),
    "categories of flags": pa.array([True, False]).dictionary_encode(),
    "words": pa.array(["true", "FALSE"]),
    "words of Python": pa.array(["True", "False"]),
}


@pytest.mark.parametrize("kind", FLAGS)
@pytest.mark.parametrize("wanted", [True, "true", "TRUE"])
def test_booleans_are_the_same_in_every_type(kind: str, wanted: object, tmp_path: Path) -> None:
    path = parquet({"g": FLAGS[kind], "label": FLAGS[kind]}, tmp_path)
    read = dataset(path, favorable=wanted, protected={"g": {"privileged": wanted}})
    assert isinstance(read.labels, Labels)
    assert [type(value) for value in read.labels.values] == [bool, bool]
    assert read.labels.values == [False, True] and read.labels.favorable == [1]
    assert read.attributes[0].rows == {"False": 1, "True": 1} and read.attributes[0].privileged_name == "True"
    for number in (1, "1", 1.0):
        with pytest.raises(AuditError, match="which no row has"):
            dataset(path, favorable=number)


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()])
def test_floats_of_every_width_are_the_decimals_that_they_are_written_as(
    kind: pa.DataType, tmp_path: Path
) -> None:
    column = pa.array(np.array([0.1, 0.7, np.nan, 2.0], kind.to_pandas_dtype()))
    path = parquet({"g": column, "label": pa.array([0, 1, 0, 1])}, tmp_path)
    assert group(path, 0.1).rows == {"0.1": 1, "0.7": 1, "2": 1, "(missing)": 1}


def test_nulls_and_nan_in_stored_categories_are_missing(tmp_path: Path) -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, 1, None, 0]), pa.array([1.5, float("nan")]))
    path = parquet({"g": column, "label": pa.array([0, 1, 0, 1, 1])}, tmp_path)
    assert group(path, 1.5).rows == {"1.5": 2, "(missing)": 3}


def test_whole_numbers_beyond_a_float_stay_apart(tmp_path: Path) -> None:
    ids = [9007199254740993, 9007199254740992, 9007199254740992]
    for number, column in enumerate(
        [pa.array(ids), pa.array(list(map(str, ids))), pa.array(ids).dictionary_encode()]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = parquet({"g": column, "label": pa.array([0, 1, 0])}, folder)
        assert group(path, 9007199254740993).privileged_name == "9007199254740993"
        assert group(path, "9007199254740992.0").rows == {"9007199254740992": 2, "9007199254740993": 1}


@pytest.mark.parametrize("values", [[1, 0], [1.0, 0.0], [True, False]], ids=["int", "float", "bool"])
def test_arrays_of_numpy_have_the_same_values(values: list[Any], tmp_path: Path) -> None:
    for kind in {"int": ["i1", "u8", ">i4"], "float": ["f2", "f4", ">f8"], "bool": ["?"]}[
        type(values[0]).__name__
    ]:
        path = npz({"g": np.array(values, kind), "label": np.array(values, kind).reshape(-1, 1)}, tmp_path)
        read = dataset(path, favorable=values[0], protected={"g": {"privileged": values[0]}})
        assert read.attributes[0].privileged_name == ("True" if values[0] is True else "1")


def test_dates_are_their_text_in_every_type(tmp_path: Path) -> None:
    path = parquet({"g": pa.array([date(2020, 1, 1), date(2021, 1, 1)]), "label": pa.array([0, 1])}, tmp_path)
    assert group(path, "2020-01-01").rows == {"2020-01-01": 1, "2021-01-01": 1}


@pytest.mark.parametrize("form", FORMS)
def test_order_and_batches_change_neither_names_nor_codes(form: str, tmp_path: Path) -> None:
    rows = [*SPELLINGS] * 12
    orders = [np.arange(len(rows)), np.random.default_rng(2).permutation(len(rows))]
    results = []
    for number, order in enumerate(orders):
        folder = tmp_path / str(number)
        folder.mkdir()
        shuffled = [rows[index] for index in order]
        path = WRITERS[form]({"g": shuffled, "label": [HALVES[i % 2] for i in order]}, folder)
        for batch_rows in (256, 65536):
            read = dataset(path, batch_rows, protected={"g": {"privileged": "501"}})
            attribute = read.attributes[0]
            by_row = attribute.codes[np.argsort(order)].tolist()
            results.append((attribute.groups, by_row, attribute.privileged_name, read.warnings))
    assert all(result == results[0] for result in results)
    assert results[0][2] == "501" and len(results[0][0]) == len(VALUES)


def test_postal_codes_with_a_zero_are_others(tmp_path: Path) -> None:
    """The verdict depended on which of the two came first."""
    codes = ["00501", "501", "501", "00501", "00501"]
    for number, order in enumerate([codes, codes[::-1]]):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = WRITERS["csv"]({"g": order, "label": ["0", "1", "0", "1", "0"]}, folder)
        for privileged in ("501", 501, 501.0):
            read = dataset(path, protected={"g": {"privileged": privileged}})
            assert (
                read.attributes[0].rows == {"501": 2, "00501": 3}
                and read.attributes[0].privileged_name == "501"
            )
            (warning,) = read.warnings
            assert "'501' (2 rows) and '00501' (3 rows)" in warning and "data.values: {g: number}" in warning
        assert group(path, "00501").privileged_name == "00501"


SEXES = ["Male", "male ", "Male", "Female", "FEMALE", " Female", "Female"]


@pytest.mark.parametrize(
    ("setting", "privileged", "rows", "warned"),
    [
        (None, "Male", {"Male": 2, "male ": 1, "Female": 2, " Female": 1, "FEMALE": 1}, True),
        ("stripped", " Male", {"Male": 2, "male": 1, "Female": 3, "FEMALE": 1}, True),
        ("folded", "MALE", {"male": 3, "female": 4}, False),
        ("text", "male ", {"Male": 2, "male ": 1, "Female": 2, " Female": 1, "FEMALE": 1}, False),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_the_policy_resolves_spellings(
    form: str, setting: str | None, privileged: str, rows: dict[str, int], warned: bool, tmp_path: Path
) -> None:
    path = WRITERS[form]({"g": SEXES, "label": ["0", "1"] * 3 + ["0"]}, tmp_path)
    values = {"g": setting} if setting else {}
    read = dataset(path, values=values, protected={"g": {"privileged": privileged}})
    assert read.attributes[0].rows == rows
    assert [bool(read.warnings)] == [warned]


def test_as_text_every_spelling_is_a_value_and_as_numbers_none_is(tmp_path: Path) -> None:
    path = WRITERS["csv"]({"g": ["1", "1.0", "01", "1E0", "2"], "label": ["0", "1", "0", "1", "0"]}, tmp_path)
    assert group(path, "1.0", values={"g": "text"}).privileged_name == "1.0"
    assert len(group(path, "1.0", values={"g": "text"}).groups) == 5
    assert group(path, "01", values={"g": "number"}).rows == {"1": 4, "2": 1}
    assert group(path, "1").rows == {"1": 2, "2": 1, "01": 1, "1E0": 1}


def test_values_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    path = WRITERS["csv"]({"g": ["1", "two", "NA", "three"], "label": ["0", "1", "0", "1"]}, tmp_path)
    with pytest.raises(AuditError, match=r"data.values: g: number\n.*\n.*'three', 'two'"):
        group(path, "1", values={"g": "number"})
    with pytest.raises(AuditError, match=r"data\.values: g: number"):
        dataset(path, label="g", favorable="1", values={"g": "number"})


def test_a_value_that_no_row_has_names_the_setting_under_which_one_has(tmp_path: Path) -> None:
    path = WRITERS["csv"]({"g": ["Male ", "01"], "label": ["0", "1"]}, tmp_path)
    for wanted, setting in (("Male", "stripped"), ("MALE", "folded"), (1, None)):
        with pytest.raises(AuditError, match="which no row has") as caught:
            group(path, wanted)
        assert ("data.values" in caught.value.fix) == bool(setting), caught.value.fix
        assert (setting or "") in caught.value.fix


def test_labels_are_two_values_with_a_warning_and_one_as_numbers(tmp_path: Path) -> None:
    path = WRITERS["csv"]({"label": ["01", "1", "1", "01"]}, tmp_path)
    read = dataset(path)
    assert isinstance(read.labels, Labels) and read.labels.values == [1, "01"]
    ambiguity, favourable = read.warnings
    assert ambiguity == (
        "data column 'label': different values may be the same one: '1' (2 rows) and '01' (2 rows). "
        "Set data.values: {label: number} if they are the same, or data.values: {label: text} if they are different."
    )
    assert favourable.startswith("the favourable outcome is '01', the greater of ")
    with pytest.raises(AuditError, match="only 1"):
        dataset(path, values={"label": "number"})


def test_cluster_codes_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    """Draws of rows hash them."""
    who = ["b", "10", "9", "b", "9.0", "a"]
    order = [4, 0, 5, 3, 1, 2]
    codes = []
    for number, rows in enumerate([range(6), order]):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = WRITERS["csv"]({"who": [who[row] for row in rows], "label": ["0", "1"] * 3}, folder)
        clusters = dataset(path, cluster="who").clusters
        assert clusters is not None
        codes.append(clusters)
    np.testing.assert_array_equal(codes[0][order], codes[1])
    assert codes[0].tolist() == [3, 1, 0, 3, 0, 2]
