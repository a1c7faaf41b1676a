"""What is fetched is complete and is the expected file, or the script says what is wrong."""

import hashlib
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "examples" / "uci.py"
CONTENT = b"1, 2, 3\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def uci(tmp_path: Path) -> ModuleType:
    """The module, with an archive of file: addresses, which urllib opens as it opens https:."""
    spec = importlib.util.spec_from_file_location("example_uci", SOURCE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.ARCHIVE.startswith("https://archive.ics.uci.edu/")
    (tmp_path / "archive" / "toy").mkdir(parents=True)
    (tmp_path / "archive" / "toy" / "a.data").write_bytes(CONTENT)
    vars(module)["ARCHIVE"] = (tmp_path / "archive").as_uri()
    return module


def test_downloads_once_and_leaves_nothing_else(uci: ModuleType, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for _ in range(2):
        assert uci.fetch("toy", {"a.data": DIGEST}, None, cache) == {"a.data": cache / "a.data"}
        assert [file.name for file in cache.iterdir()] == ["a.data"]
        assert (cache / "a.data").read_bytes() == CONTENT
        (tmp_path / "archive" / "toy" / "a.data").unlink(missing_ok=True)


def test_reads_from_the_data_directory_without_a_download(uci: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.data").write_bytes(CONTENT)
    found = uci.fetch("toy", {"a.data": DIGEST}, tmp_path / "mine", tmp_path / "cache")
    assert found == {"a.data": tmp_path / "mine" / "a.data"}
    assert not (tmp_path / "cache").exists()


def test_another_file_is_refused_with_both_digests(uci: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "archive" / "toy" / "a.data").write_bytes(b"other")
    with pytest.raises(SystemExit) as caught:
        uci.fetch("toy", {"a.data": DIGEST}, None, tmp_path / "cache")
    message = str(caught.value.code)
    assert DIGEST in message and hashlib.sha256(b"other").hexdigest() in message and "a.data" in message
    assert not (tmp_path / "cache").exists()


def test_a_cached_file_that_was_changed_is_refused(uci: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "a.data").write_bytes(CONTENT[:-1])
    with pytest.raises(SystemExit, match="expected: sha256"):
        uci.fetch("toy", {"a.data": DIGEST}, None, tmp_path / "cache")


def test_a_failed_download_is_said_and_leaves_nothing(uci: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"b\.data: cannot be downloaded"):
        uci.fetch("toy", {"b.data": DIGEST}, None, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_missing_file_of_the_data_directory_is_said(uci: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such file"):
        uci.fetch("toy", {"a.data": DIGEST}, tmp_path, tmp_path / "cache")
