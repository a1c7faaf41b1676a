"""Files that travel with a function: what a worker on another machine finds."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.execution import files
from audit.execution.files import FileTree, local_path, pack, provide
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


def test_the_same_files_under_the_same_path_are_here(folder: Path) -> None:
    tree = FileTree.of(folder)
    assert tree.is_here and local_path(folder) == folder
    (folder / "variables" / "data").write_bytes(b"others")
    assert not tree.is_here
    shutil.rmtree(folder)
    assert not tree.is_here


def test_other_files_are_unpacked_once(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(files, "_LOCAL", {})
    monkeypatch.setattr(files, "_PLACES", {})
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tree = FileTree.of(folder)
    archive = pack(tree)
    (folder / "saved_model.pb").write_bytes(b"an older graph")
    asked: list[bytes] = []
    for _ in range(2):
        provide(tree, lambda: asked.append(archive) or archive)
        assert local_path(folder) != folder
        assert content(folder)(0) == [b"graph", b"numbers"]
    assert asked == [archive]
    assert [path.name for path in next(tmp_path.glob("audit-models-*")).iterdir()] == [tree.digest]


def test_workers_of_a_cluster_get_a_model_that_they_do_not_see(folder: Path, ray_cluster: None) -> None:
    with RayCluster(2, print, "auto") as backend:
        backend.provide(folder)
        (folder / "saved_model.pb").write_bytes(b"an older graph")
        assert list(backend.map(content(folder), range(4))) == [[b"graph", b"numbers"]] * 4
