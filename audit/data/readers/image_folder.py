"""A directory of image files with a CSV of labels: one row an image, its bytes as a column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from audit.data.readers.csv import CsvSource
from audit.data.source import Source
from audit.errors import AuditError, quote_list

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif"})
FILE_COLUMNS = ("file", "filename", "path", "image", "image_path")
"""Names of the column that says which image a row is about, relative to the label file."""

_LONGEST = 255  # bytes and more of a name make the file system raise an error

IMAGE = "image"
"""The column of the images' bytes, in the place of that one."""


class ImageFolderSource(Source):
    """The columns of a label file, with images of its ``folder`` in the place of their names.

    ``files`` are the label file and every image that it names, so that the digest covers them; other files
    in the directory are passed over.
    """

    def __init__(self, path: str, labels: Path, folder: Path) -> None:
        self.path = path
        self._labels, self._folder = CsvSource(path, [labels]), folder
        named = [name for name in self._labels.schema.names if name.lower() in FILE_COLUMNS]
        if len(named) != 1:
            raise AuditError(
                where=str(labels),
                expected=f"one column that names the images: {quote_list(FILE_COLUMNS)}",
                found=quote_list(named) if named else f"the columns {quote_list(self._labels.schema.names)}",
                fix="rename the columns of the label file (to read tables beside images, name them: DIR/*.csv)",
            )
        (self._file,) = named
        place = self._labels.schema.get_field_index(self._file)
        self.schema = self._labels.schema.set(place, pa.field(IMAGE, pa.binary()))
        self.files = [labels, *self._images()]

    def read(self, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the label file's text and the images' bytes."""
        stored = [self._file if name == IMAGE else name for name in columns]
        for batch in self._labels.read(stored, rows):
            arrays = [
                self._bytes(part) if name == IMAGE else part
                for name, part in zip(columns, batch, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, columns)

    def _bytes(self, names: pa.Array) -> pa.Array:
        return pa.array([self._place(name).read_bytes() for name in names.to_pylist()], pa.binary())

    def _place(self, name: str) -> Path:
        return self._labels.files[0].parent / name

    def _images(self) -> list[Path]:
        """Return the images that rows name, each once."""
        root, row = self._folder.resolve(), 0
        found: dict[Path, None] = {}
        for batch in self._labels.batches([self._file]):
            for name in batch.column(0).to_pylist():
                row += 1
                file = self._place(name or "")
                if not name or len(name) > _LONGEST or not file.is_file():
                    raise self._wrong(row, "no such file" if name else "nothing", name)
                if not file.resolve().is_relative_to(root):
                    raise self._wrong(row, "a file outside of it", name)
                found[file] = None
        return list(found)

    def _wrong(self, row: int, found: str, name: str | None) -> AuditError:
        return AuditError(
            where=f"{self._labels.files[0]}: column {self._file!r}, row {row:,}",
            expected=f"an image file in {self._folder}",
            found=f"{name!r:.200}: {found}" if name else found,
            fix="name the images relative to the label file, and keep them in the directory",
        )
