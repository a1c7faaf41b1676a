"""One table of people in every form of text that a reader takes, as bytes by the name of its file."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa

ROWS = 60
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip.csv.gz": lambda data: gzip.compress(data, mtime=0),
    "bz2.csv.bz2": bz2.compress,
    "zstd.csv.zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}


def frame() -> pd.DataFrame:
    """Return rows with numbers, texts that need quotes, and values that occur once."""
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "amount": (random.normal(size=ROWS) * 1000).round(3),
            "who": [f"secret{number}" for number in random.integers(10**6, 10**9, ROWS)],
            "count": random.integers(10**6, 10**9, ROWS),
            "note": [f'said, "{row}"; private' for row in range(ROWS)],
            "label": random.integers(0, 2, ROWS),
        }
    )


def secrets(table: pd.DataFrame) -> list[str]:
    """Return the values that identify a row."""
    return [*table["who"], *map(str, table["count"])]


def spaced(table: pd.DataFrame) -> str:
    """Return CSV with a space after each comma that separates values, also before a quote."""
    rows = [list(table.columns), *table.astype(object).to_numpy().tolist()]
    doubled = [
        [value.replace('"', '""') if isinstance(value, str) else value for value in row] for row in rows
    ]
    lines = [
        ", ".join(f'"{value}"' if isinstance(value, str) else repr(value) for value in row) for row in doubled
    ]
    return "\n".join(lines) + "\n"


def texts(table: pd.DataFrame) -> dict[str, bytes]:
    """Return the table's files by name: the names say in which dialect, encoding and compression."""
    comma = table.to_csv(index=False)
    german = table.to_csv(index=False, sep=";", decimal=",")
    lines = table.to_json(orient="records", lines=True)
    return {
        "comma.csv": comma.encode(),
        "german.csv": german.encode(),
        "tab.tsv": table.to_csv(index=False, sep="\t").encode(),
        "pipe.csv": table.to_csv(index=False, sep="|").encode(),
        "spaces.csv": spaced(table).encode(),
        "utf16.csv": comma.encode("utf-16"),
        "utf16 without mark.csv": comma.encode("utf-16-be"),
        "excel.csv": german.encode("utf-16"),
        **{name: compress(comma.encode()) for name, compress in COMPRESSIONS.items()},
        "plain.csv.gz": comma.encode(),
        "compressed.csv": gzip.compress(german.encode(), mtime=0),
        "lines.jsonl": lines.encode(),
        "lines.ndjson.gz": gzip.compress(lines.encode(), mtime=0),
    }
