"""Archives of NumPy's arrays: every array a column, read in slices, nothing unpickled."""

from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audit.data.readers.registry import open_source
from audit.data.source import BatchSize
from audit.errors import AuditError

from ..tables import array, read

ROWS = 200
IMAGES = np.random.default_rng(0).integers(0, 256, (ROWS, 5, 4, 3), np.uint8)


def saved(folder: Path, compressed: bool = False, name: str = "t.npz", **arrays: Any) -> Path:
    (np.savez_compressed if compressed else np.savez)(folder / name, **arrays)
    return folder / name


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("rows", [32, 77, 1000])
def test_arrays_are_columns(tmp_path: Path, compressed: bool, rows: int) -> None:
    given = {
        "image": IMAGES,
        "y": np.arange(ROWS) % 3,
        "flag": np.arange(ROWS) % 2 == 0,
        "word": np.array(["é", "longer", ""] * 66 + ["a", "b"]),
        "bytes": np.array([b"x", b"yy"] * 100),
        "weight": np.linspace(0, 1, ROWS, dtype=np.float16),
    }
    path = saved(tmp_path, compressed, **given)
    size = BatchSize(rows=rows)
    found = read(path, batch_size=size)
    assert found.column_names == list(given)
    np.testing.assert_array_equal(array(found, "image"), IMAGES)
    for name in ("y", "flag", "weight"):
        np.testing.assert_array_equal(found[name].to_numpy(), given[name])
    assert found["word"].to_pylist() == given["word"].tolist()
    assert found["bytes"].to_pylist() == ["x", "yy"] * 100
    assert found.schema.field("image").type == pa.fixed_shape_tensor(pa.uint8(), [5, 4, 3])
    np.testing.assert_array_equal(
        array(read(path, "image", batch_size=size), "image"), IMAGES
    )  # one array alone


@pytest.mark.parametrize("dtype", ["<f8", ">f8", ">i2", "<u4", "?", "e"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_byte_order_and_layout(tmp_path: Path, dtype: str, order: Any) -> None:
    values = (np.arange(60) % 2).reshape(10, 2, 3).astype(dtype)
    found = read(saved(tmp_path, x=np.asarray(values, order=order), one=values[:, 0, 0]))
    np.testing.assert_array_equal(
        array(found, "x"), values.astype(found["x"].type.value_type.to_pandas_dtype())
    )
    np.testing.assert_array_equal(found["one"].to_numpy(), values[:, 0, 0])


def test_a_column_vector_is_an_ordinary_column(tmp_path: Path) -> None:
    """CIFAR-10's labels are kept like that."""
    path = saved(tmp_path, y=np.arange(6).reshape(6, 1))
    assert open_source(str(path)).schema.field("y").type == pa.int64()
    assert read(path)["y"].to_pylist() == list(range(6))


def test_several_files_are_one_table(tmp_path: Path) -> None:
    saved(tmp_path, name="a.npz", x=IMAGES[:150], y=np.arange(150))
    saved(tmp_path, name="b.npz", x=IMAGES[150:], y=np.arange(150, 200))
    found = read(tmp_path)
    np.testing.assert_array_equal(array(found, "x"), IMAGES)
    assert found["y"].to_pylist() == list(range(200))
    saved(tmp_path, name="c.npz", x=IMAGES[:, :4], y=np.arange(ROWS))
    with pytest.raises(AuditError, match=r"c\.npz: column 'x'"):
        read(tmp_path, "x")


OBJECT = np.array([{"a": 1}, None], dtype=object)
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "objects": ({"x": OBJECT, "y": np.arange(2)}, "Python objects"),
    "lengths": ({"x": np.arange(3), "y": np.arange(2)}, "'x: 3', 'y: 2'"),
    "scalar": ({"x": np.float32(1)}, r"of shape \(\)"),
    "no pixels": ({"x": np.zeros((3, 0, 2))}, r"of shape \(3, 0, 2\)"),
    "words in a matrix": ({"x": np.array([["a", "b"]])}, "<U1"),
    "complex": ({"x": np.zeros(3, complex)}, "complex128"),
    "records": ({"x": np.zeros(3, [("a", "f4")])}, "'a'"),
    "dates": ({"x": np.zeros(3, "M8[s]")}, "datetime64"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_column_is_named(tmp_path: Path, case: str) -> None:
    arrays, found = REFUSED[case]
    with pytest.raises(AuditError, match=found):
        open_source(str(saved(tmp_path, **arrays)))


class Trap:
    """Would write a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = saved(tmp_path, x=np.array([Trap(tmp_path / "sprung")], dtype=object))
    with pytest.raises(AuditError, match="never unpickled"):
        read(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kept", [0, 10, 0.3, 0.9, -1])
def test_a_file_cut_short_is_named(tmp_path: Path, compressed: bool, kept: float) -> None:
    path = saved(tmp_path, compressed, x=IMAGES, y=np.arange(ROWS))
    data = path.read_bytes()
    path.write_bytes(data[: int(kept if isinstance(kept, int) else kept * len(data))])
    with pytest.raises(AuditError) as caught:
        read(path)
    assert str(path) in caught.value.where


@pytest.mark.parametrize("compressed", [False, True])
def test_a_changed_byte_is_found(tmp_path: Path, compressed: bool) -> None:
    path = saved(tmp_path, compressed, x=IMAGES)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(AuditError):
        read(path)


def test_a_member_shorter_than_its_header_says_is_found(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(1000))
    with zipfile.ZipFile(tmp_path / "t.npz", "w") as archive:
        archive.writestr("x.npy", (tmp_path / "x.npy").read_bytes()[:-80])
    with pytest.raises(AuditError, match="ends after 7,920 of 8,000 bytes"):
        read(tmp_path / "t.npz")


def test_memory_is_that_of_a_batch(tmp_path: Path) -> None:
    path = saved(tmp_path, x=np.zeros((4000, 32, 32), np.float32))  # 16 MiB
    source = open_source(str(path))
    source.batch_size = BatchSize(bytes=2**20)
    tracemalloc.start()
    rows = sum(batch.num_rows for batch in source.batches(["x"]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 4000 and peak < 4 * 2**20
