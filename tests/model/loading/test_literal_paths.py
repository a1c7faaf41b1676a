"""A SavedModel is loaded from the path that was named, not from what that path matches as a pattern."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from audit.errors import AuditError
from audit.model.loading.allowed_operations import AllowedOperations
from audit.model.loading.saved_model import open_saved_model

NAMES = [
    "run[1]", "a?b", "a*b", "**", "[", "]", "a[!x]b", "{a,b}", "back\\slash", "with space", "quote'\"s", "new\nline",
    "tab\t", "~", "$HOME", "%41#", "é", "a:b", "-dash", os.fsdecode(b"\xff\xfe"),
]  # fmt: skip
ALLOWED = AllowedOperations()


def words(path: Path, vocabulary: str = "Male\nFemale\n") -> None:
    """Export a model that looks words up in a file of its own, and scores their places by a variable."""
    file = path.parent / "words[1].txt"
    file.write_text(vocabulary)
    module = tf.Module()
    lines = tf.lookup.TextFileInitializer(
        str(file),
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
    )
    module.table = tf.lookup.StaticVocabularyTable(lines, 1)
    module.scores = tf.Variable([0.25, 0.5, 0.75])
    spec = tf.TensorSpec([None], tf.string, name="sex")
    module.call = tf.function(
        lambda sex: {"score": tf.gather(module.scores, module.table.lookup(sex))}, input_signature=[spec]
    )
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.call})
    file.unlink()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "model"
    words(path)
    return path


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name) for name in NAMES])
def test_a_model_is_loaded_from_a_folder_of_any_name(tmp_path: Path, plain: Path, name: str) -> None:
    path = tmp_path / name / "model"
    shutil.copytree(plain, path)
    module = open_saved_model(path, path, ALLOWED).module
    outputs = module.signatures["serving_default"](sex=tf.constant(["Female", "Male", "?"]))
    assert outputs["score"].numpy().tolist() == [0.5, 0.25, 0.75]


def test_what_a_pattern_would_match_is_not_loaded(tmp_path: Path, plain: Path) -> None:
    for name, vocabulary in (("lr[12]", "Male\nFemale\n"), ("lr1", "Female\nMale\n")):
        words(tmp_path / "saved", vocabulary)
        (tmp_path / name).mkdir()
        (tmp_path / "saved").rename(tmp_path / name / "model")
    path = tmp_path / "lr[12]" / "model"
    module = open_saved_model(path, path, ALLOWED).module
    scores = module.signatures["serving_default"](sex=tf.constant(["Female", "Male"]))["score"]
    assert scores.numpy().tolist() == [0.5, 0.25]


@pytest.mark.parametrize("temporary", ["plain", "tmp[1]"])
def test_nothing_is_left_among_the_temporary_files(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch, temporary: str
) -> None:
    """Neither of a model that was loaded, nor of one that cannot be."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / temporary))
    (tmp_path / temporary).mkdir()
    folders: list[Path] = []
    mkdtemp = tempfile.mkdtemp

    def recorded(*arguments: Any, **options: Any) -> str:
        folders.append(Path(mkdtemp(*arguments, **options)))
        return str(folders[-1])

    monkeypatch.setattr(tempfile, "mkdtemp", recorded)
    path = tmp_path / "a[b]" / "model"
    shutil.copytree(plain, path)
    module = open_saved_model(path, path, ALLOWED).module
    assert module.signatures["serving_default"](sex=tf.constant(["Male"]))["score"].numpy() == [0.25]
    del module
    (path / "variables" / "variables.data-00000-of-00001").write_bytes(b"")
    with pytest.raises(AuditError) as refused:
        open_saved_model(path, path, ALLOWED)
    assert refused.value.where == str(path / "variables")
    gc.collect()
    assert len(folders) == 2 and not [folder for folder in folders if folder.exists()]
    assert list((tmp_path / temporary).iterdir()) == []
