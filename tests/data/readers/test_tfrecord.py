"""TFRecord files: written with TensorFlow, read back value by value; damage is found and named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from audit.data.readers.registry import open_source
from audit.data.source import BatchSize
from audit.errors import AuditError
from audit.frameworks.tensorflow_loader import tensorflow

from ..tables import array, read


def example(**features: list[Any]) -> bytes:
    train = tensorflow().train

    def feature(values: list[Any]) -> Any:
        if values and isinstance(values[0], bytes):
            return train.Feature(bytes_list=train.BytesList(value=values))
        if values and isinstance(values[0], float):
            return train.Feature(float_list=train.FloatList(value=values))
        return train.Feature(int64_list=train.Int64List(value=values))

    found = train.Features(feature={name: feature(values) for name, values in features.items()})
    return bytes(train.Example(features=found).SerializeToString())


def written(folder: Path, records: list[bytes], name: str = "t.tfrecord") -> Path:
    options = "GZIP" if name.endswith(".gz") else ""
    with tensorflow().io.TFRecordWriter(str(folder / name), options) as writer:
        for record in records:
            writer.write(record)
    return folder / name


PNG = b"\x89PNG\r\n\x1a\n\xff"
RECORDS = [
    example(
        age=[float(n)], label=[n % 2], word=[f"é{n}".encode()], image=[PNG + bytes([n])], pixels=[n, 2, 3, 4]
    )
    for n in range(100)
]


@pytest.mark.parametrize(
    "name", ["t.tfrecord", "t.tfrecords", "t.tfrecord.gz", "t.TFRecord", "t.tfrecord-00000-of-00001"]
)
def test_features_are_columns(tmp_path: Path, name: str) -> None:
    found = read(written(tmp_path, RECORDS, name))
    assert found.column_names == ["age", "image", "label", "pixels", "word"]
    assert found.schema.field("pixels").type == pa.fixed_shape_tensor(pa.int64(), [4])
    assert found["age"].to_pylist() == list(map(float, range(100))) and found["age"].type == pa.float32()
    assert found["label"].to_pylist() == [0, 1] * 50
    assert found["word"].to_pylist() == [f"é{n}" for n in range(100)]
    assert found["image"].to_pylist() == [PNG + bytes([n]) for n in range(100)]
    np.testing.assert_array_equal(array(found, "pixels"), [[n, 2, 3, 4] for n in range(100)])


@pytest.mark.parametrize("form", ["*.tfrecord*", "."])
def test_shards_are_one_table(tmp_path: Path, form: str) -> None:
    for shard in range(3):
        written(
            tmp_path,
            RECORDS[shard * 33 : 33 * (shard + 1) + (shard == 2)],
            f"t.tfrecord-0000{shard}-of-00003",
        )
    source = open_source(str(tmp_path / form))
    source.batch_size = BatchSize(rows=40)
    assert [batch.num_rows for batch in source.batches(["age", "pixels"])] == [40, 40, 20]
    found = read(tmp_path / form, batch_size=source.batch_size)
    assert found["age"].to_pylist() == list(range(100))


def test_missing_features_are_nulls(tmp_path: Path) -> None:
    records = [example(a=[1.0], b=[1, 2]), example(b=[3, 4]), example(c=[b"x"]), example(a=[4.0], b=[])]
    found = read(written(tmp_path, records))
    assert found["a"].to_pylist() == [1.0, None, None, 4.0]
    assert found["b"].chunk(0).storage.to_pylist() == [[1, 2], [3, 4], None, None]
    assert found["c"].to_pylist() == [None, None, "x", None]


DIFFERING = [
    (example(a=[1]), "'a'", "int64"),
    (example(a=[]), "'a'", "int64"),
    (example(a=[1.0, 2.0]), "'a'", "2"),
    (example(b=[1.0]), "'b'", "1"),
    (example(b=[1.0, 2.0, 3.0]), "'b'", "3"),
    (example(c=[1]), "'c'", "int64"),
    (example(c=[b"a", b"b"]), "'c'", "2"),
]


@pytest.mark.parametrize(("record", "feature", "found"), DIFFERING)
def test_a_feature_of_another_kind_is_named(tmp_path: Path, record: bytes, feature: str, found: str) -> None:
    first = example(a=[1.0], b=[1.0, 2.0], c=[b"x"])
    path = written(tmp_path, [first] * 80 + [record, first])
    with pytest.raises(AuditError, match="record 81") as caught:
        read(path)
    assert feature in caught.value.where and caught.value.found == found
    other = next(name for name in "abc" if name not in feature)
    assert len(read(path, other)) == 82  # what is not read does no harm


def test_several_texts_a_row_are_refused_where_they_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, [example(a=[b"x", b"y"], b=[1])])
    assert read(path, "b")["b"].to_pylist() == [1]
    with pytest.raises(AuditError, match="values of type list"):
        read(path, "a")


@pytest.mark.parametrize("records", [[], [b""], [example()]])
def test_files_without_features_are_refused(tmp_path: Path, records: list[bytes]) -> None:
    with pytest.raises(AuditError, match="with features"):
        open_source(str(written(tmp_path, records)))


def test_a_record_of_other_bytes_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, [*RECORDS, b"\xff\xff no example"])
    with pytest.raises(AuditError, match="record 101"):
        read(path)
    with pytest.raises(AuditError, match="record 1\n"):
        read(written(tmp_path, [b"\xff\xff no example"]))


SIZE = 16 + len(RECORDS[0])


@pytest.mark.parametrize(
    ("kept", "record"),
    [
        (5, 1),  # inside the length of a record, which TensorFlow takes for the end
        (SIZE - 1, 1),
        (2 * SIZE + 11, 3),
        (2 * SIZE + 12, 3),
        (2 * SIZE + 40, 3),
    ],
)
def test_a_file_cut_short_is_named_with_the_record(tmp_path: Path, kept: int, record: int) -> None:
    path = written(tmp_path, [RECORDS[0]] * 5)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(AuditError, match=f"record {record}\n"):
        read(path)


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    path = written(tmp_path, [RECORDS[0]] * 5)
    for place in (3 * SIZE + 2, 3 * SIZE + 50):  # the length and the data of the fourth
        data = bytearray(written(tmp_path, [RECORDS[0]] * 5).read_bytes())
        data[place] ^= 1
        path.write_bytes(data)
        with pytest.raises(AuditError, match="record 4\n"):
            read(path)


@pytest.mark.parametrize("kept", [0, 5, 30, -1, -12])
def test_a_compressed_file_cut_short_is_named(tmp_path: Path, kept: int) -> None:
    path = written(tmp_path, RECORDS, "t.tfrecord.gz")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(AuditError, match=r"t\.tfrecord\.gz"):
        read(path)


@pytest.mark.parametrize("name", ["t.tfrecord", "t.tfrecord.gz"])
def test_another_file_of_that_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("age,label\n1,2\n")
    with pytest.raises(AuditError, match=name):
        read(tmp_path / name)
