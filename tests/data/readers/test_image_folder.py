"""A directory of images with a label file: the images' bytes stand in the place of their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audit.data.readers.image_folder import FILE_COLUMNS
from audit.data.readers.registry import open_source
from audit.data.source import BatchSize
from audit.errors import AuditError
from audit.provenance.digest import digest

from ..tables import read


def folder(place: Path, names: list[str], column: str = "file") -> Path:
    for number, name in enumerate(names):
        file = place / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((2, 3), number, np.uint8)).save(file)
    rows = "".join(f"{name},{number % 2},{number}\n" for number, name in enumerate(names))
    (place / "data" / "labels.csv").write_text(f"{column},label,n\n{rows}")
    return place / "data"


NAMES = ["a.png", "sub/b.bmp", "sub/ü c.gif", "d.JPG", "a.png"]


@pytest.mark.parametrize("column", FILE_COLUMNS)
def test_images_stand_for_their_names(tmp_path: Path, column: str) -> None:
    place = folder(tmp_path, NAMES, column)
    found = read(place)
    assert found.column_names == ["image", "label", "n"]
    assert found["image"].to_pylist() == [(place / name).read_bytes() for name in NAMES]
    assert found["label"].to_pylist() == ["0", "1", "0", "1", "0"]
    assert read(place, "n", "image").column_names == ["n", "image"]


def test_batches_change_nothing(tmp_path: Path) -> None:
    names = [f"{n}.png" for n in range(100)]
    place = folder(tmp_path, names)
    whole = read(place)
    source = open_source(str(place))
    source.batch_size = BatchSize(rows=33)
    assert [batch.num_rows for batch in source.batches(["image"])] == [33, 33, 33, 1]
    assert read(place, batch_size=source.batch_size).to_pylist() == whole.to_pylist()


def test_the_digest_covers_labels_and_images(tmp_path: Path) -> None:
    place = folder(tmp_path, NAMES)
    first = open_source(str(place)).digest()
    assert first == digest(place)  # every file in it is named
    (place / "unnamed.png").write_bytes(b"another")
    assert open_source(str(place)).digest() == first
    (place / "sub" / "b.bmp").write_bytes(b"another")
    assert open_source(str(place)).digest() != first


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("name,label", "the columns 'name', 'label'"),
        ("file,path", "'file', 'path'"),
        ("image,Path", "'image', 'Path'"),
    ],
)
def test_the_column_of_names_is_not_guessed(tmp_path: Path, header: str, found: str) -> None:
    place = folder(tmp_path, ["a.png"])
    (place / "labels.csv").write_text(f"{header}\na.png,1\n")
    with pytest.raises(AuditError, match=found) as caught:
        open_source(str(place))
    assert "labels.csv" in caught.value.where and "'image_path'" in caught.value.expected


@pytest.mark.parametrize("name", ["", "none.png", "sub", "NONE/../../a.png"])
def test_a_missing_image_is_named_with_its_row(tmp_path: Path, name: str) -> None:
    place = folder(tmp_path, ["a.png", "sub/b.png"])
    with (place / "labels.csv").open("a") as stream:
        stream.write(f"{name},1,2\n")
    with pytest.raises(AuditError, match=r"labels\.csv: row 3") as caught:
        open_source(str(place))
    assert caught.value.found == ("the name of no such file" if name else "nothing")


def test_no_image_lies_outside(tmp_path: Path) -> None:
    place = folder(tmp_path, ["a.png"])
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"secret")
    (place / "link.png").symlink_to(secret)
    (place / "linked").symlink_to(tmp_path)
    for name in ("link.png", "../secret.png", str(secret), "linked/secret.png"):
        (place / "labels.csv").write_text(f"file,label\na.png,1\n{name},0\n")
        with pytest.raises(AuditError, match="a file outside of it") as caught:
            open_source(str(place))
        assert "row 2" in caught.value.where


def test_labels_may_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    place = folder(tmp_path, ["images/a.png"])
    (place / "labels.csv").unlink()
    (place / "labels").mkdir()
    (place / "labels" / "test.csv").write_text("path,label\n../images/a.png,1\n")
    assert read(place)["image"].to_pylist() == [(place / "images" / "a.png").read_bytes()]


def test_one_label_file(tmp_path: Path) -> None:
    place = folder(tmp_path, ["a.png"])
    (place / "more.csv").write_text("file,label,n\na.png,1,2\n")
    with pytest.raises(AuditError, match=r"'labels.csv', 'more.csv'"):
        open_source(str(place))
    assert read(f"{place}/*.csv")["file"].to_pylist() == ["a.png", "a.png"]  # tables, as the message says
    (place / "more.csv").unlink()
    (place / "labels.csv").unlink()
    with pytest.raises(AuditError, match=r"images without a .csv label file"):
        open_source(str(place))


def test_hidden_images_make_no_image_folder(tmp_path: Path) -> None:
    (tmp_path / ".thumbs").mkdir()
    (tmp_path / ".thumbs" / "a.png").write_bytes(b"")
    (tmp_path / "rows.csv").write_text("x,y\n1,2\n")
    assert read(tmp_path).column_names == ["x", "y"]
