"""JSON lines: types by all rows, texts as they are written, damage by file and row."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from audit.errors import AuditError

from ..tables import read
from .forms import frame, secrets, texts

SECRET = "secret4711"


def stored(folder: Path, data: bytes | str, name: str = "t.jsonl") -> Path:
    file = folder / name
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return file


@pytest.mark.parametrize("form", ["lines.jsonl", "lines.ndjson.gz"])
def test_the_rows_are_those_that_were_written(tmp_path: Path, form: str) -> None:
    table = frame()
    found = read(stored(tmp_path, texts(table)[form], form))
    assert found.to_pandas().to_dict("list") == table.to_dict("list")


def test_types_follow_from_all_rows(tmp_path: Path) -> None:
    """Whole numbers, nulls and absent fields fill the first megabytes."""
    first = '{"x": 1, "y": null, "day": "2020-01-01"}\n' * 100_000
    found = read(stored(tmp_path, first + '{"x": 1.5, "y": 2, "z": true, "day": "2020-01-02"}\n'))
    assert found["x"][-1].as_py() == 1.5 and found["x"][0].as_py() == 1
    assert found["y"][-1].as_py() == 2 and found["y"].null_count == 100_000
    assert found["z"][-1].as_py() is True and found["z"].null_count == 100_000
    assert found["day"][-1].as_py() == "2020-01-02"  # a text, as the model was fed


def test_blank_lines_a_mark_and_a_line_longer_than_a_part(tmp_path: Path) -> None:
    long = "a" * (3 * 2**20)
    found = read(stored(tmp_path, f'\ufeff{{"x": "{long}"}}\n\n  \n{{"x": "b"}}'))
    assert found["x"].to_pylist() == [long, "b"]


def test_arrays_fill_tensors(tmp_path: Path) -> None:
    assert read(stored(tmp_path, '{"x": [1, 2]}\n{"x": [3, 4.5]}\n'))["x"].to_pylist() == [[1, 2], [3, 4.5]]


LINE = '{"x": 1, "g": "a"}\n'
DAMAGED: dict[str, tuple[bytes, str]] = {
    "cut": ((LINE * 2 + f'{{"x": 1, "g": "{SECRET}').encode(), "row 3"),
    "a text among numbers": ((LINE + f'\n{{"x": "{SECRET}"}}\n').encode(), "row 2"),
    "a text among numbers, megabytes later": (
        (LINE * 200_000 + f'{{"x": "{SECRET}"}}\n').encode(),
        "row 200,001",
    ),
    "a field twice": ((LINE + f'{{"x": 1, "{SECRET}": 1, "{SECRET}": 2}}\n').encode(), "row 2"),
    "an array": (f'[{{"x": "{SECRET}"}}]'.encode(), "row 1"),
    "no JSON": ((LINE + f"{SECRET}\n").encode(), "row 2"),
    "another encoding": ((LINE + f'{{"g": "{SECRET} ').encode() + b'\xfc"}\n', "row 2"),
    "UTF-16": (LINE.encode("utf-16"), "row 1"),
    "a cut stream": (gzip.compress((LINE * 1000).encode())[:-30], "row"),
    "nothing": (b"\n", "t.jsonl"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_row_is_named_and_not_shown(tmp_path: Path, case: str) -> None:
    data, place = DAMAGED[case]
    with pytest.raises(AuditError) as caught:
        read(stored(tmp_path, data))
    assert place in caught.value.where and "t.jsonl" in caught.value.where
    assert SECRET not in str(caught.value)


def test_the_field_of_another_type_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"row 2\n  expected: number[^$]*string in the field 'x'"):
        read(stored(tmp_path, LINE + '{"x": "b"}\n'))


def test_no_message_has_a_value(tmp_path: Path) -> None:
    """Each line is cut in turn, in its middle."""
    table = frame()
    lines = texts(table)["lines.jsonl"].splitlines()
    for row, line in enumerate(lines):
        cut = [*lines[:row], line[: len(line) // 2], *lines[row + 1 :]]
        with pytest.raises(AuditError, match=f"row {row + 1}\n") as caught:
            read(stored(tmp_path, b"\n".join(cut)))
        assert not [secret for secret in secrets(table) if secret in str(caught.value)]
