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
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[FileTree, bytes], Path]:
    """Return a function that provides files as to the first worker of another machine, and returns their place."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def provided(tree: FileTree, archive: bytes) -> Path:
        monkeypatch.setattr(files, "_LOCAL", {})
        monkeypatch.setattr(files, "_PLACES", {})
        provide(tree, lambda: archive)
        return local_path(Path(tree.path))

    return provided


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


def test_the_same_files_under_another_name_are_found_by_it(
    folder: Path, elsewhere: Callable[[FileTree, bytes], Path]
) -> None:
    renamed = folder.rename(folder.with_name("first"))
    trees = [FileTree.of(path) for path in (renamed, shutil.copytree(renamed, folder.with_name("second")))]
    archives = [pack(tree) for tree in trees]
    for tree, archive in zip(trees, archives, strict=True):
        shutil.rmtree(tree.path)
        assert content(elsewhere(tree, archive))(0) == [b"graph", b"numbers"]


def test_links_are_what_they_lead_to(folder: Path, elsewhere: Callable[[FileTree, bytes], Path]) -> None:
    (folder / "copy").symlink_to(folder / "variables", target_is_directory=True)
    (folder / "file").symlink_to(folder / "saved_model.pb")
    tree = FileTree.of(folder)
    archive = pack(tree)
    (folder / "variables" / "data").write_bytes(b"others")
    (folder / "saved_model.pb").unlink()
    place = elsewhere(tree, archive)
    assert content(place)(0) == [b"numbers", b"graph", b"graph", b"numbers"]
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "data").write_bytes(b"numbers")
    (folder / "copy").unlink()
    assert not tree.is_here


@pytest.mark.parametrize("data", [b"others", None])
def test_what_was_unpacked_and_has_changed_is_unpacked_again(
    data: bytes | None, folder: Path, elsewhere: Callable[[FileTree, bytes], Path]
) -> None:
    tree = FileTree.of(folder)
    archive = pack(tree)
    shutil.rmtree(folder)
    file = elsewhere(tree, archive) / "variables" / "data"
    file.unlink() if data is None else file.write_bytes(data)
    assert content(elsewhere(tree, archive))(0) == [b"graph", b"numbers"]
    assert [path.name for path in file.parents[2].parent.iterdir()] == [tree.digest]


def test_workers_of_a_cluster_get_a_model_that_they_do_not_see(folder: Path, ray_cluster: None) -> None:
    with RayCluster(2, print, "auto") as backend:
        backend.provide(folder)
        (folder / "saved_model.pb").write_bytes(b"an older graph")
        assert list(backend.map(content(folder), range(4))) == [[b"graph", b"numbers"]] * 4
