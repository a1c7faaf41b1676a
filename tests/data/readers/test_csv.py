"""CSV files as people have them: detected where they are plain, named where they are not, damaged or ambiguous."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.data.readers import csv_rows
from audit.data.readers.registry import open_source
from audit.data.source import Source
from audit.errors import AuditError
from audit.policy.csv_spec import CsvSpec

from .forms import COMPRESSIONS, frame, secrets, texts


def opened(folder: Path, data: bytes | str, name: str = "t.csv", **spec: Any) -> Source:
    file = folder / name
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return open_source(str(file), None, CsvSpec(**spec))


def rows(source: Source, *columns: str) -> dict[str, list[Any]]:
    batches = list(source.batches(columns or source.schema.names))
    table = pa.Table.from_batches(batches)
    return {name: table[name].to_pylist() for name in table.column_names}


FORMS = [name for name in texts(frame()) if ".csv" in name or ".tsv" in name]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_the_values_that_were_written(tmp_path: Path, form: str) -> None:
    table = frame()
    found = rows(opened(tmp_path, texts(table)[form], form))
    assert found["who"] == list(table["who"]) and found["note"] == list(table["note"])
    assert list(map(float, found["amount"])) == list(table["amount"])
    assert list(map(int, found["count"])) == list(table["count"])


DETECTED: dict[str, dict[str, Any]] = {
    "comma.csv": {},
    "german.csv": {"delimiter": ";", "decimal": ","},
    "tab.tsv": {"delimiter": "\t"},
    "pipe.csv": {"delimiter": "|"},
    "spaces.csv": {"skip_initial_space": True},
    "utf16.csv": {"encoding": "utf-16"},
    "utf16 without mark.csv": {"encoding": "utf-16-be"},
    "excel.csv": {"delimiter": ";", "decimal": ",", "encoding": "utf-16"},
    "gzip.csv.gz": {},
    "plain.csv.gz": {},
    "compressed.csv": {"delimiter": ";", "decimal": ","},
}


@pytest.mark.parametrize("form", DETECTED)
def test_what_was_detected_is_reported_as_a_policy_says_it(tmp_path: Path, form: str) -> None:
    data = texts(frame())[form]
    source = opened(tmp_path, data, form)
    assert source.csv.model_dump() == DETECTED[form]
    assert all(f"{key}: " in source.notes[0] for key in DETECTED[form])
    fixed = opened(tmp_path, data, form, **DETECTED[form])
    assert rows(fixed) == rows(source) and fixed.csv == CsvSpec()
    assert [note for note in fixed.notes if "data.csv" in note] == []


def test_a_compression_that_the_name_does_not_say_is_reported(tmp_path: Path) -> None:
    forms = texts(frame())
    assert "without compression" in opened(tmp_path, forms["plain.csv.gz"], "plain.csv.gz").notes[0]
    assert "compressed by gzip" in opened(tmp_path, forms["compressed.csv"], "compressed.csv").notes[0]
    assert list(opened(tmp_path, forms["gzip.csv.gz"], "gzip.csv.gz").notes) == []


DECIMALS: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "commas": ("x;y\n1,5;2\n-3,25;4\n", {}, ["1.5", "-3.25"]),
    "exponents and bare fractions": ("x;y\n1,5e3;2\n,25;4\n", {}, ["1.5e3", ".25"]),
    "only what may be thousands": ("x;y\n1,500;2\n3,250;4\n", {}, ["1,500", "3,250"]),
    "thousands that begin with zero": ("x;y\n0,500;2\n3,250;4\n", {}, ["0.500", "3.250"]),
    "commas and points": ("x;y\n1,5;2.5\n3,25;4.5\n", {}, ["1,5", "3,25"]),
    "said by the policy": ("x;y\n1,500;2\n3,250;4\n", {"decimal": ","}, ["1.500", "3.250"]),
    "denied by the policy": ("x;y\n1,5;2\n3,25;4\n", {"decimal": "."}, ["1,5", "3,25"]),
    "in quotes": ('x,y\n"1,5",2\n"3,25",4\n', {}, ["1.5", "3.25"]),
    "thousands in quotes": ('x,y\n"1,500",2\n"3,250",4\n', {}, ["1,500", "3,250"]),
    "a text with commas": ("x;y\n1,5;2,5\nnone, or few;4,5\n", {}, ["1,5", "none, or few"]),
    "whole numbers first": ("x;y\n" + "1;2,5\n" * 300000 + "1,5;2\n", {}, ["1"] * 300000 + ["1.5"]),
}


@pytest.mark.parametrize("case", DECIMALS)
def test_decimal_commas_become_points_in_columns_of_numbers(tmp_path: Path, case: str) -> None:
    text, spec, expected = DECIMALS[case]
    assert rows(opened(tmp_path, text, **spec), "x")["x"] == expected


@pytest.mark.parametrize("row", ["1.234,5;2", "1.5;2", "1.234;2"])
def test_a_column_with_points_and_decimal_commas_stays_text(tmp_path: Path, row: str) -> None:
    """A point may stand between thousands: read as a decimal mark, the number would be off by a factor of 1,000."""
    source = opened(tmp_path, f"x;y\n1,5;2\n{row}\n", decimal=",")
    assert rows(source, "x")["x"] == ["1,5", row.partition(";")[0]]


def test_points_alone_are_refused_where_the_policy_says_decimal_commas(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"t\.csv: row 1: column 'x'\n[^$]*a number with a point") as caught:
        rows(opened(tmp_path, "x;y\n1.234;2,5\n", decimal=","), "x")
    assert "1.234" not in str(caught.value)


SPACES = {
    "every value": ("x, y, g\n1, 2, a\n3, , b\n", ["a", "b"]),
    "quotes after the space": ('x, y, g\n1, 2, "a, b"\n3, 4, "say ""c"", d"\n', ["a, b", 'say "c", d']),
    "a line break in quotes": ('x, y, g\n1, 2, "a, \n b"\n3, 4, c\n', ["a, \n b", "c"]),
    "a header without": ("x,y,g\n1, 2, a\n3, 4, b\n", ["a", "b"]),
    "texts that begin with spaces": ("x,g\nu, a\nv, b\n", [" a", " b"]),
    "some values": ("x,y,g\n1,2, a\n3,4, b\n", [" a", " b"]),
    "semicolons": ("x; y; g\n1; 2; a\n3; 4; b\n", ["a", "b"]),
}


@pytest.mark.parametrize("case", SPACES)
def test_spaces_belong_to_the_delimiter_if_nothing_else_is_possible(tmp_path: Path, case: str) -> None:
    text, expected = SPACES[case]
    assert rows(opened(tmp_path, text), "g")["g"] == expected


@pytest.mark.parametrize("row", range(1, 3000, 613))
def test_spaces_are_stripped_wherever_a_chunk_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: int
) -> None:
    """Quoted values with line breaks and delimiters, cut by chunks of all lengths."""
    monkeypatch.setattr("audit.data.readers.byte_stream.CHUNK_BYTES", 7 + row % 97)
    values = [f'a{number}, \n"b", c' for number in range(100)]
    text = "n, g\n" + "".join(
        f'{number}, "{value.replace(chr(34), chr(34) * 2)}"\n' for number, value in enumerate(values)
    )
    assert rows(opened(tmp_path, text, skip_initial_space=True), "g")["g"] == values


def test_apostrophes_are_quotes_if_the_header_has_them(tmp_path: Path) -> None:
    source = opened(tmp_path, "'x','g'\n1,'a, b'\n")
    assert rows(source) == {"x": ["1"], "g": ["a, b"]} and source.csv.quote == "'"
    assert rows(opened(tmp_path, 'x,g\n1,"a\n', quote=""), "g")["g"] == ['"a']


def test_an_ambiguous_delimiter_is_asked_for(tmp_path: Path) -> None:
    text = "x,y;z\na,2;3\n"
    with pytest.raises(AuditError, match=r"several: ',', ';'[^$]*data\.csv: {delimiter:"):
        opened(tmp_path, text)
    assert rows(opened(tmp_path, text, delimiter=";")) == {"x,y": ["a,2"], "z": ["3"]}
    assert rows(opened(tmp_path, text, delimiter=",")) == {"x": ["a"], "y;z": ["2;3"]}


def test_another_encoding_is_asked_for(tmp_path: Path) -> None:
    text = "x,g\n1,a\n2,Zürich\n".encode("cp1252")
    with pytest.raises(AuditError, match=r"t\.csv: row 2\n[^$]*data\.csv: {encoding: cp1252}"):
        rows(opened(tmp_path, text))
    assert rows(opened(tmp_path, text, encoding="cp1252"))["g"] == ["a", "Zürich"]


def test_files_of_a_directory_may_be_written_in_different_ways(tmp_path: Path) -> None:
    table = frame()
    (tmp_path / "a.csv").write_text(table[:20].to_csv(index=False))
    (tmp_path / "b.csv").write_bytes(texts(table[20:40])["excel.csv"])
    (tmp_path / "c.csv.gz").write_bytes(
        gzip.compress(table[40:][table.columns[::-1]].to_csv(index=False).encode())
    )
    source = open_source(str(tmp_path))
    found = rows(source)
    assert found["who"] == list(table["who"]) and list(map(float, found["amount"])) == list(table["amount"])
    assert len(source.notes) == 1 and "b.csv was read" in source.notes[0] and source.csv == CsvSpec()


SECRET = "secret4711"
DAMAGED: dict[str, tuple[bytes, str]] = {
    "a value more": (f"x,g\n1,a\n2,b,{SECRET}\n".encode(), "row 2"),
    "a value less": (f"x,y,g\n1,2,a\n\n{SECRET},b\n3,4,c\n".encode(), "row 2"),
    "after a line break in quotes": (f'x,g\n1,"a\nb"\n2,{SECRET},c\n'.encode(), "row 2"),
    "another encoding": (f"x,g\n1,a\n2,{SECRET} ".encode() + b"\xfc\n3,c\n", "row 2"),
    "two encodings": ("x,g\n1,a\n".encode("utf-16") + f"2,{SECRET}\n3,b\n".encode(), "row 2"),
    "half a character": (f"x,g\n1,{SECRET}\n".encode("utf-16")[:-1], "row 1"),
    "an open quote": (f'x,g\n1,a\n2,"{SECRET}\n3,b\n'.encode(), "row 2"),
    "an open quote before the end of a row": (f'x,g\n1,a\n"2,{SECRET}\n3,b\n'.encode(), "row 2"),
    "cut": (f"x,y,g\n1,2,a\n2,{SECRET}".encode(), "row 2"),
    "no header": (b"\n\n", "t.csv"),
    "nothing": (b"", "t.csv"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_row_is_named_and_not_shown(tmp_path: Path, case: str) -> None:
    data, place = DAMAGED[case]
    with pytest.raises(AuditError, match=r"t\.csv(: row \d+)?\n") as caught:
        rows(opened(tmp_path, data))
    assert place in caught.value.where and SECRET not in str(caught.value)


@pytest.mark.parametrize("form", COMPRESSIONS)
def test_a_cut_stream_is_named_with_the_row_where_it_ends(tmp_path: Path, form: str) -> None:
    table = pd.concat([frame()] * 2000)
    data = COMPRESSIONS[form](table.to_csv(index=False).encode())
    for size in (len(data) - 1, len(data) // 2, 40):
        with pytest.raises(AuditError, match="damaged or cut short") as caught:
            rows(opened(tmp_path, data[:size], form))
        assert "row" in caught.value.where or "header" in caught.value.where
        assert not [secret for secret in secrets(table[:60]) if secret in str(caught.value)]
        row = caught.value.where.partition("row ")[2].replace(",", "")
        assert size < len(data) - 1 or int(row) > 100_000  # all but what the last block of the stream held


def test_a_row_beyond_the_first_block_is_counted_in_its_file(tmp_path: Path) -> None:
    for name, count in (("a.csv", 70_000), ("b.csv", 300_000)):
        (tmp_path / name).write_text("x,y\n" + "1,2\n" * count)
    with (tmp_path / "b.csv").open("a") as stream:
        stream.write("1,2,3\n")
    with pytest.raises(AuditError) as caught:
        rows(open_source(str(tmp_path)))
    assert caught.value.where == f"{tmp_path / 'b.csv'}: row 300,001"


def test_a_cell_and_a_header_longer_than_a_block(tmp_path: Path) -> None:
    long = "a" * (3 * 2**20)
    text = "x,y\n" + "1,2\n" * 300_000 + f'3,"{long}"\n4,5\n'
    found = rows(opened(tmp_path, text))
    assert len(found["x"]) == 300_002 and found["x"][-2:] == ["3", "4"] and found["y"][-2] == long
    header = ",".join(f"column_{number}" for number in range(100_000))
    source = opened(tmp_path, f"{header}\n" + f"{','.join(['1'] * 100_000)}\n" * 2)
    assert len(source.schema.names) == 100_000
    assert rows(source, "column_7", "column_99999") == {"column_7": ["1", "1"], "column_99999": ["1", "1"]}


def test_a_row_without_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "_MAX_BLOCK_BYTES", 2**20)
    text = "x,y\n" + "1,2\n" * 10 + '3,"' + f"{SECRET}\n" * 400_000
    with pytest.raises(AuditError, match=r"row 11\n[^$]*a longer one[^$]*not closed") as caught:
        rows(opened(tmp_path, text))
    assert SECRET not in str(caught.value)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0\ufeff"), max_size=6).filter(
    lambda text: text == text.strip()
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=30),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_policy_says_is_how_it_is_read(
    tmp_path: Path, values: list[tuple[str, str]], mark: str, encoding: str, end: str
) -> None:
    """Whatever the values: pandas writes them, and they come back, empty ones as nulls."""
    table = pd.DataFrame(values, columns=["x", "y"]).assign(n=range(len(values)))
    text = table.to_csv(index=False, sep=mark, lineterminator=end, quoting=1)
    source = opened(
        tmp_path, text.encode(encoding), delimiter=mark, encoding=encoding, decimal=".", quote='"'
    )
    found = rows(source)
    assert found["x"] == [x or None for x, _ in values] and found["y"] == [y or None for _, y in values]
    np.testing.assert_array_equal(np.array(found["n"], int), table["n"])
