"""The digest is what a shell prints, so that anybody can check it without this tool."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from audit.errors import AuditError
from audit.provenance.digest import digest

from ..conftest import Models

SHELL = (
    "find -L . -type f | sed 's|^[.]/||' | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum | sha256sum"
)


def by_shell(folder: Path) -> str:
    done = subprocess.run(["bash", "-c", SHELL], cwd=folder, capture_output=True, text=True, check=True)
    return f"sha256:{done.stdout.split()[0]}"


def test_a_model_s_digest_is_the_shell_s(model: Models) -> None:
    assert digest(model("keras_columns")) == by_shell(model("keras_columns"))


def test_order_is_bytewise_and_depth_does_not_matter(tmp_path: Path) -> None:
    for name in ("b", "B", "a/z", "a.b", "a-b", "é", "with space", ".hidden", "a/deep/er/x"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    (tmp_path / "empty folder").mkdir()
    assert digest(tmp_path) == by_shell(tmp_path)


def test_a_file_s_digest_is_its_sha256(model: Models) -> None:
    content = model("keras_file").read_bytes()
    assert digest(model("keras_file")) == f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.mark.parametrize("change", ["content", "name", "more"])
def test_every_change_shows(tmp_path: Path, change: str) -> None:
    (tmp_path / "a").write_text("1")
    before = digest(tmp_path)
    if change == "name":
        (tmp_path / "a").rename(tmp_path / "b")
    else:
        (tmp_path / ("a" if change == "content" else "b")).write_text("2")
    assert digest(tmp_path) != before


@pytest.mark.parametrize("target", ["saved_model.pb", "variables"])
def test_links_that_lead_out_are_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "elsewhere" / "variables").mkdir(parents=True)
    (tmp_path / "elsewhere" / "saved_model.pb").write_text("")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / target).symlink_to(tmp_path / "elsewhere" / target)
    with pytest.raises(AuditError, match="a symbolic link that leads out of it"):
        digest(tmp_path / "model")


def test_links_that_stay_inside_count_as_what_they_lead_to(tmp_path: Path) -> None:
    model = tmp_path / "model"
    for name in ("a", "b"):
        (model / "vocabularies" / name).mkdir(parents=True)
        (model / "vocabularies" / name / "words").write_text(name)
    (model / "assets").symlink_to("vocabularies/a")
    (model / "words").symlink_to(model / "vocabularies" / "a" / "words")
    found = {digest(model)}
    assert found == {by_shell(model)}
    for link, target in (("assets", "vocabularies/b"), ("words", "vocabularies/b/words")):
        (model / link).unlink()
        (model / link).symlink_to(target)
        found.add(digest(model))
    assert len(found) == 3  # turning a link shows, though all files stay as they are


def test_a_model_that_is_reached_through_a_link(tmp_path: Path, model: Models) -> None:
    """Only what lies below counts: a link named `current` that leads to a version is common."""
    (tmp_path / "current").symlink_to(model("softmax"))
    assert digest(tmp_path / "current") == digest(model("softmax"))


ANY_NAME = "find -L . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"


@pytest.mark.parametrize("name", ["a\nb", "\n", "a\\\nb", "a\\nb\n", "a\r\nb", "\udcff\n"])
def test_a_line_break_in_a_name_is_escaped_as_by_sha256sum(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in (name, "other"):
        (folder / file).write_text(file, errors="surrogateescape")
    done = subprocess.run(["bash", "-c", ANY_NAME], cwd=folder, capture_output=True, text=True, check=True)
    assert digest(folder) == f"sha256:{done.stdout.split()[0]}"


def test_a_name_with_a_line_break_stands_for_no_two_files(tmp_path: Path) -> None:
    """A name with a line break and a hash in it could stand for two files: both folders had one digest."""
    (tmp_path / "two").mkdir()
    for name in ("a", "b"):
        (tmp_path / "two" / name).write_text(name)
    (tmp_path / "one").mkdir()
    second = hashlib.sha256(b"b").hexdigest()
    (tmp_path / "one" / f"a\n{second}  b").write_text("a")
    assert digest(tmp_path / "one") != digest(tmp_path / "two") == by_shell(tmp_path / "two")
