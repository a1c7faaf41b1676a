"""Source of a directory of image files with a CSV of labels: one row an image, its bytes a column."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from audit.data.column_names import listed_columns
from audit.data.readers.csv import CsvSource
from audit.data.source import Source
from audit.errors import AuditError, quote_list
from audit.policy.csv_spec import CsvSpec

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif"})
FILE_COLUMNS = ("file", "filename", "path", "image", "image_path")
"""Names of the column with the path of each row's image, relative to the label file."""

_DETECTED = CsvSpec()
_MAX_NAME_LENGTH = 255  # in bytes; the file system raises an error for longer ones

IMAGE_COLUMN = "image"
"""The column of the images' bytes, which replaces that one."""


class ImageFolderSource(Source):
    """Source of a label file's columns, with the bytes of images in its ``folder`` instead of their names.

    ``files`` are the label file and every image that it names, so that the digest covers them; other files
    in the directory are ignored.
    """

    is_text = True

    def __init__(self, path: str, labels: Path, folder: Path, csv: CsvSpec = _DETECTED) -> None:
        self.path = path
        self._labels = CsvSource(path, [labels], csv)
        self.notes = self._labels.notes
        self.csv = self._labels.csv
        self._folder = folder
        named = [name for name in self._labels.schema.names if name.lower() in FILE_COLUMNS]
        if len(named) != 1:
            raise AuditError(
                where=str(labels),
                expected=f"one column that names the images: {quote_list(FILE_COLUMNS)}",
                found=quote_list(named) if named else listed_columns(self._labels.schema.names, is_text=True),
                fix="rename the columns of the label file (to read tables beside images, name them: DIR/*.csv)",
            )
        (self._file_column,) = named
        index = self._labels.schema.get_field_index(self._file_column)
        self.schema = self._labels.schema.set(index, pa.field(IMAGE_COLUMN, pa.binary()))
        self.files = [labels, *self._images()]

    def read(self, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns in batches: the label file's text, and the images' bytes."""
        stored = [self._file_column if name == IMAGE_COLUMN else name for name in columns]
        for batch in self._labels.read(stored, rows):
            arrays = [
                self._bytes(part) if name == IMAGE_COLUMN else part
                for name, part in zip(columns, batch, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(arrays, columns)

    def _bytes(self, names: pa.Array) -> pa.Array:
        folder = self._labels.files[0].parent
        return pa.array([(folder / name).read_bytes() for name in names.to_pylist()], pa.binary())

    def _images(self) -> list[Path]:
        """Return the images that rows name, each once."""
        root = self._folder.resolve()
        batches = self._labels.batches([self._file_column])
        names = (name for batch in batches for name in batch.column(0).to_pylist())
        images: dict[Path, None] = {}
        for row, name in enumerate(names, 1):
            file = self._labels.files[0].parent / (name or "")
            if not name or len(name) > _MAX_NAME_LENGTH or not file.is_file():
                raise self._bad_image(row, "the name of no such file" if name else "nothing")
            if not file.resolve().is_relative_to(root):
                raise self._bad_image(row, "a file outside of it")
            images[file] = None
        return list(images)

    def _bad_image(self, row: int, problem: str) -> AuditError:
        return AuditError(
            where=f"{self._labels.files[0]}: row {row:,}: column {self._file_column!r}",
            expected=f"an image file in {self._folder}",
            found=problem,
            fix="name the images relative to the label file, and keep them in the directory",
        )
