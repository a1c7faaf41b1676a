"""Lists and tensors of Parquet: of one shape in every row they are tensors, and only inputs of a model take them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from audit.data.arrow_columns import NullValue, null_count, numbers, tensors, texts
from audit.data.column_types import is_tensor, tensor_array
from audit.data.readers.registry import open_source
from audit.data.source import BatchSize
from audit.errors import AuditError

from ..data.tables import array, read

VALUES = np.arange(300 * 6, dtype=np.float32).reshape(300, 2, 3) / 7
LISTS = {
    "lists": pa.array(VALUES.tolist(), pa.list_(pa.list_(pa.float32()))),
    "large lists": pa.array(VALUES.tolist(), pa.large_list(pa.large_list(pa.float32()))),
    "fixed lists": pa.array(VALUES.tolist(), pa.list_(pa.list_(pa.float32(), 3), 2)),
    "tensors": tensor_array(VALUES),
}


def stored(folder: Path, column: pa.Array, **others: pa.Array) -> Path:
    pq.write_table(pa.table({"x": column, **others}), folder / "t.parquet", row_group_size=70)
    return folder / "t.parquet"


@pytest.mark.parametrize("form", LISTS)
def test_lists_of_one_shape_are_tensors(tmp_path: Path, form: str) -> None:
    path = stored(tmp_path, LISTS[form])
    assert open_source(str(path)).schema.field("x").type == pa.fixed_shape_tensor(pa.float32(), [2, 3])
    np.testing.assert_array_equal(array(read(path, batch_size=BatchSize(rows=40)), "x"), VALUES)


KINDS = [np.int8, np.uint8, np.uint16, np.int64, np.float16, np.float64]


@pytest.mark.parametrize("dtype", KINDS)
def test_the_type_of_numbers_stays(tmp_path: Path, dtype: Any) -> None:
    path = stored(tmp_path, pa.array(list(np.arange(40).reshape(10, 4).astype(dtype))))
    found = array(read(path), "x")
    assert found.dtype == dtype and found.shape == (10, 4)
    np.testing.assert_array_equal(found, np.arange(40).reshape(10, 4).astype(dtype))


def test_flags_are_the_numbers_0_and_1(tmp_path: Path) -> None:
    flags = np.random.default_rng(0).random((20, 5)) < 0.5
    np.testing.assert_array_equal(
        array(read(stored(tmp_path, pa.array(flags.tolist()))), "x"), flags.astype(int)
    )


@given(
    arrays.arrays(
        st.sampled_from(["u1", "f4", "i8"]).map(np.dtype),
        arrays.array_shapes(min_dims=2, max_dims=4, max_side=5),
    ),
    st.integers(0, 3),
)
def test_an_array_survives_a_slice(values: np.ndarray, start: int) -> None:
    """A slice shares the memory of the whole: what lies before and after it is not part of it."""
    values = np.nan_to_num(values)
    column = tensor_array(values)
    start = min(start, len(values))
    np.testing.assert_array_equal(tensors(column.slice(start), "x"), values[start:])
    np.testing.assert_array_equal(tensors(column.slice(0, start), "x"), values[:start])


def test_tensors_are_a_view() -> None:
    column = tensor_array(VALUES)
    address = column.storage.flatten().buffers()[1].address
    assert tensors(column, "x").__array_interface__["data"][0] == address


@pytest.mark.parametrize(
    ("column", "row", "found"),
    [
        (pa.array([[1, 2]] * 200 + [[1]]), 201, "1 values"),
        (pa.array([[1, 2], None, [1, 2, 3]]), 3, "3 values"),
        (pa.array([[[1, 2], [3, 4]], None, [[1, 2], [3]]]), 3, "1 values"),
        (pa.array([[[1, 2], [3, 4]], [[1, 2], None]]), 2, "a null"),
        (pa.array([[[1, 2], [3, 4]], [[1, 2]]]), 2, "1 values"),
    ],
)
def test_another_length_is_named_with_its_row(tmp_path: Path, column: pa.Array, row: int, found: str) -> None:
    with pytest.raises(AuditError, match=rf": row {row}: [^$]*found:    {found}\n") as caught:
        read(stored(tmp_path, column), batch_size=BatchSize(rows=40))
    assert "'x'" in caught.value.where


NULLS = [[1.0, 2.0], None, [float("nan"), 4.0], [5.0, 6.0], None]


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.list_(pa.float32(), 2)])
@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_nulls_are_counted_and_filled(tmp_path: Path, kind: pa.DataType, cut: int) -> None:
    path = tmp_path / "t.feather"
    feather.write_feather(pa.table({"x": pa.array(NULLS, kind)}), path)
    column = read(path)["x"].chunk(0).slice(cut)
    assert null_count(column, numeric=True) == [3, 3, 2, 1][cut]
    with pytest.raises(NullValue):
        tensors(column, "x")
    expected = np.array([[1, 2], [9, 9], [9, 4], [5, 6], [9, 9]], np.float32)
    found = tensors(column, "x", 9)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected[cut:])


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.list_(pa.float32(), 2)])
def test_nulls_are_read_or_the_arrow_that_reads_them_is_named(tmp_path: Path, kind: pa.DataType) -> None:
    path = stored(tmp_path, pa.array(NULLS, kind))
    if pa.types.is_fixed_size_list(kind) and int(pa.__version__.partition(".")[0]) < 26:
        with pytest.raises(AuditError, match=r"a null among them, and pyarrow .*\n.*install pyarrow 26"):
            read(path)
    else:
        assert null_count(read(path)["x"].chunk(0), numeric=True) == 3


def test_a_null_inside_whole_numbers_is_a_null() -> None:
    storage = pa.array([[1, None], [3, 4]], pa.list_(pa.int64(), 2))
    column = pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.int64(), [2]), storage)
    assert null_count(column, numeric=True) == 1
    np.testing.assert_array_equal(tensors(column, "x", 7), [[1, 7], [3, 4]])
    with pytest.raises(AuditError, match="'none'"):
        tensors(column, "x", "none")


def test_what_is_no_tensor_is_named() -> None:
    with pytest.raises(AuditError, match="arrays of numbers"):
        tensors(pa.array([1.0]), "x")
    for read_as in (lambda column: numbers(column, "x", 1), lambda column: texts(column, "x")):
        with pytest.raises(AuditError, match="fixed_shape_tensor"):
            read_as(tensor_array(VALUES))


@pytest.mark.parametrize(
    "column",
    [pa.array([["a"], ["b"]]), pa.array([[], []], pa.list_(pa.int64())), pa.array([{"a": [1]}, {"a": [2]}])],
)
def test_other_nested_values_are_refused(tmp_path: Path, column: pa.Array) -> None:
    path = stored(tmp_path, column, y=pa.array([1, 2]))
    with pytest.raises(AuditError, match="values of type"):
        read(path, "x")
    assert read(path, "y")["y"].to_pylist() == [1, 2]


def test_wide_rows_are_read_in_few(tmp_path: Path) -> None:
    source = open_source(str(stored(tmp_path, LISTS["lists"])))
    source.batch_size = BatchSize(bytes=8 * 6 * 50)
    assert is_tensor(source.schema.field("x").type)
    sizes = [batch.num_rows for batch in source.batches(["x"])]
    assert max(sizes) == 50 and sum(sizes) == 300


PNG = b"\x89PNG\r\n\x1a\n\x00\xff"


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary(len(PNG))])
def test_encoded_images_stay_bytes(tmp_path: Path, kind: pa.DataType) -> None:
    path = stored(tmp_path, pa.array([None, PNG, PNG], kind), text=pa.array([b"a", b"\xc3\xa9", None]))
    assert open_source(str(path)).schema.field("x").type == pa.binary()
    found = read(path)
    assert found["x"].to_pylist() == [None, PNG, PNG]
    assert found["text"].to_pylist() == ["a", "é", None]
    with pytest.raises(AuditError, match="UTF-8 text"):
        texts(found["x"].chunk(0), "x")


@pytest.mark.parametrize("row", [0, 3, 500])
def test_text_with_a_bad_byte_is_no_image(tmp_path: Path, row: int) -> None:
    words = [b"fine"] * 501
    words[row] = b"B\xff"
    with pytest.raises(AuditError) as caught:
        read(stored(tmp_path, pa.array(words)))
    assert caught.value.expected == "UTF-8 text"


def test_a_word_that_begins_as_images_do_is_text(tmp_path: Path) -> None:
    words = ["BMW", "GIF8", "Opel"]
    assert read(stored(tmp_path, pa.array([w.encode() for w in words])))["x"].to_pylist() == words


def test_labels_and_groups_are_no_tensors(tmp_path: Path) -> None:
    path = stored(tmp_path, LISTS["tensors"], image=pa.array([PNG] * 300), y=pa.array([1] * 300))
    source = open_source(str(path))
    source.require_single(["y"])
    with pytest.raises(AuditError, match="one number, text or flag in every row"):
        source.require_single(["y", "x"])
    with pytest.raises(AuditError, match="bytes that are not UTF-8 text"):
        source.require_single(["image"])
