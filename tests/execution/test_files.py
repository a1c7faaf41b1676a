"""Files that travel with a function: what a worker on another machine finds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.execution import files
from audit.execution.files import local_path, pack, unpack
from audit.execution.ray_cluster import RayCluster


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model" / "variables").mkdir(parents=True)
    (tmp_path / "model" / "saved_model.pb").write_bytes(b"graph")
    (tmp_path / "model" / "variables" / "data").write_bytes(b"numbers")
    return tmp_path / "model"


def content(path: Path) -> Callable[[int], list[bytes]]:
    """Return a function that reads all files of a directory, wherever it is on the machine that calls it."""
    return lambda _: [file.read_bytes() for file in sorted(local_path(path).rglob("*")) if file.is_file()]


def test_a_path_that_exists_is_used_as_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_LOCAL", {})
    unpack(pack(folder))
    assert local_path(folder) == folder and files._LOCAL == {}


def test_a_path_that_is_missing_is_unpacked_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_LOCAL", {})
    archive = pack(folder)
    shutil.rmtree(folder)
    unpack(archive)
    place = local_path(folder)
    unpack(archive)
    assert local_path(folder) == place != folder
    assert content(folder)(0) == [b"graph", b"numbers"]


def test_workers_of_a_cluster_get_a_model_that_they_do_not_see(folder: Path, ray_cluster: None) -> None:
    with RayCluster(2, print) as backend:
        backend.provide(folder)
        shutil.rmtree(folder)
        assert list(backend.map(content(folder), range(4))) == [[b"graph", b"numbers"]] * 4
