"""Data by URL: read through fsspec, from its own file systems of memory and of local files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import fsspec
import pandas as pd
import pytest

from audit.data.readers import remote_files
from audit.data.readers.registry import open_source
from audit.errors import AuditError

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"]})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "data"


def copies(cache: Path) -> int:
    """Return how many downloads there are, whole or not."""
    return len([path for path in cache.iterdir() if path.suffix != ".lock"])


def rows(path: str) -> list[dict[str, object]]:
    source = open_source(path)
    assert source.path == path
    return [row for batch in source.batches(source.schema.names) for row in batch.to_pylist()]


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_file_is_read_as_its_local_copy(suffix: str, tmp_path: Path) -> None:
    local = tmp_path / f"rows.{suffix}"
    FRAME.to_parquet(local) if suffix == "parquet" else FRAME.to_csv(local, index=False)
    url = f"memory://bucket/rows.{suffix}"
    fsspec.filesystem("memory").pipe(f"/bucket/rows.{suffix}", local.read_bytes())
    assert rows(url) == rows(str(local))
    assert open_source(url).digest() == open_source(str(local)).digest()


@pytest.mark.parametrize("countries", [{"fr"}, {"fr", "it"}])
def test_directories_and_globs_keep_their_structure(countries: set[str], tmp_path: Path) -> None:
    for country in countries:
        (tmp_path / "table" / f"country={country}").mkdir(parents=True)
        FRAME.to_parquet(tmp_path / "table" / f"country={country}" / "part.parquet")
    for pattern in ("", "/*/*.parquet", "/country=??/*", "/**", "/country=fr"):
        path = f"{tmp_path}/table{pattern}"
        assert rows(f"local://{path}") == rows(path)
        assert open_source(f"local://{path}").digest() == open_source(path).digest()
    assert {row["country"] for row in rows(f"local://{tmp_path}/table")} == countries


def test_a_file_is_downloaded_once_for_each_version(cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    FRAME.to_parquet(file)
    url = f"local://{file}"
    first = remote_files.local_copy(url)
    assert remote_files.local_copy(url) == first and copies(cache) == 1
    FRAME.head(2).to_parquet(file)
    assert len(rows(url)) == 2
    assert copies(cache) == 2


def test_a_copy_that_has_lost_files_or_parts_of_them_is_downloaded_again(cache: Path, tmp_path: Path) -> None:
    """As where somebody clears what was not read for long."""
    (tmp_path / "table").mkdir()
    for name in ("a", "b"):
        FRAME.to_csv(tmp_path / "table" / f"{name}.csv", index=False)
    url = f"local://{tmp_path}/table"
    place = remote_files.local_copy(url)
    (place / "b.csv").unlink()
    assert len(rows(url)) == 2 * len(FRAME)
    (place / "a.csv").write_text("a,b\n1.0,x\n")
    assert len(rows(url)) == 2 * len(FRAME) and copies(cache) == 1


class Server:
    """A file system behind HTTP as fsspec has it, whose key of a file is its address alone."""

    protocol = ("http", "https")

    def __init__(self, **info: object) -> None:
        self._info = info

    def ukey(self, name: str) -> str:
        return name

    def info(self, name: str) -> dict[str, object]:
        return {"size": 10, **self._info}


def test_a_file_behind_http_is_downloaded_again_unless_the_server_says_that_it_is_the_same() -> None:
    old, new = (remote_files._version(Server(ETag=tag), "https://host/rows.csv") for tag in ("a", "b"))
    assert old != new
    assert old == remote_files._version(Server(ETag="a"), "https://host/rows.csv")
    silent = [remote_files._version(Server(), "https://host/rows.csv") for _ in range(2)]
    assert silent[0] != silent[1]


def test_an_interrupted_download_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/other.parquet", b"bytes")
    monkeypatch.setattr(
        type(memory), "get_file", lambda *_, **__: (_ for _ in ()).throw(OSError("connection lost"))
    )
    with pytest.raises(AuditError, match="connection lost"):
        open_source("memory://bucket/other.parquet")
    assert copies(cache) == 0


@pytest.mark.parametrize("pattern", ["", "data/**"])
def test_names_in_an_archive_do_not_lead_out_of_the_cache(pattern: str, cache: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
        archive.writestr("data/rows.csv", "a\n1\n")
        archive.writestr("data/../../../outside.csv", "a\n2\n")
    with pytest.raises(AuditError, match="leads out of its folder"):
        open_source(f"zip://{pattern}::{tmp_path}/rows.zip")
    assert not list(tmp_path.rglob("outside.csv")) and not cache.exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://bucket/nothing.parquet", "FileNotFoundError: no such file"),
        ("s3://bucket/rows.parquet", "s3fs"),
        ("nonsense://bucket/rows.parquet", "Protocol not known"),
    ],
)
def test_what_cannot_be_read_is_one_message(url: str, message: str) -> None:
    with pytest.raises(AuditError) as caught:
        open_source(url)
    assert caught.value.where == url
    assert message in caught.value.found
