"""Source of AIF360's own datasets: ``aif360:GermanDataset``, ``aif360:AdultDataset``."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from audit.data.source import Source
from audit.errors import AuditError, did_you_mean, quote_list
from audit.frameworks.aif360_loader import aif360
from audit.frameworks.output_silencing import quiet

_DATASETS = {
    "GermanDataset": ("datasets.german_dataset", "german", ("german.data",)),
    "AdultDataset": ("datasets.adult_dataset", "adult", ("adult.data", "adult.test")),
}


class AifSource(Source):
    """Source of a dataset as AIF360 prepares it: one-hot features, numeric protected attributes and label."""

    def __init__(self, path: str, files: list[Path], table: pa.Table) -> None:
        self.path = path
        self.files = files
        self.schema = table.schema
        self._table = table

    def read(self, columns: list[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns in batches, from the table in memory."""
        yield from self._table.select(columns).to_batches(max_chunksize=rows)


def open_aif360(path: str) -> AifSource:
    """Return the source of AIF360's dataset that ``path`` names as ``aif360:NAME``.

    Raises:
        AuditError: the name is unknown, or the raw files that AIF360 reads are missing
            (AIF360 itself would end the process).
    """
    name = path.partition(":")[2]
    if name not in _DATASETS:
        raise AuditError(
            where=path,
            expected=f"one of {quote_list(_DATASETS)}",
            found=f"{name!r}{did_you_mean(name, _DATASETS)}",
        )
    module_name, folder, raw = _DATASETS[name]
    module = aif360(module_name)
    files = [Path(module.__file__).parents[1] / "data" / "raw" / folder / file for file in raw]
    for file in files:
        if not file.is_file():
            raise AuditError(
                where=path,
                expected=f"the raw file {file.name!r} in {file.resolve().parent}, where AIF360 reads it",
                found="no such file",
                fix="download it from the UCI Machine Learning Repository and put it there",
            )
    with quiet():  # it warns of the rows that it drops for missing values
        frame = getattr(module, name)().convert_to_dataframe()[0]
    return AifSource(path, files, pa.Table.from_pandas(frame, preserve_index=False))
