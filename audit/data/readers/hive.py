"""Columns in the names of directories: ``region=North/part-0.parquet``, as Hive and Spark partition tables."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

_NULL = "__HIVE_DEFAULT_PARTITION__"


def partition_values(file: Path, root: Path) -> Mapping[str, str | None]:
    """Return the values that the directories between ``root`` and ``file`` give to all rows of it, by column.

    They are texts as written, since no type is: ``zip=00501`` keeps its zeros. Escapes such as ``%2F`` are resolved.
    """
    folders = file.relative_to(root).parts[:-1] if file.is_relative_to(root) else ()
    pairs = (folder.partition("=") for folder in folders)
    values = {unquote(name): unquote(value) for name, equals, value in pairs if name and equals}
    return {name: None if value == _NULL else value for name, value in values.items()}
