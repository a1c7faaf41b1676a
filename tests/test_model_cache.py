"""What is kept is whole, built once, and built anew when its code changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .model_cache import built, key


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_TEST_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "code.py").write_text("one")
    return tmp_path / "code.py"


def test_several_that_ask_at_once_get_one_model(source: Path) -> None:
    builds = []

    def build(path: Path) -> None:
        builds.append(path)
        path.mkdir()
        (path / "weights").write_text("1")

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: built("m", build, source), range(8)))
    (model,) = found
    assert len(builds) == 1 and (model / "weights").read_text() == "1"


def test_what_a_broken_build_left_is_no_model(source: Path) -> None:
    def breaks(path: Path) -> None:
        path.mkdir()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        built("m", breaks, source)
    assert built("m", lambda path: path.write_text("whole"), source).read_text() == "whole"


def test_other_code_is_another_model(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = built("m.keras", lambda path: path.write_text("1"), source)
    key.cache_clear()
    source.write_text("two")
    second = built("m.keras", lambda path: path.write_text("2"), source)
    key.cache_clear()
    assert (first.name, first.read_text(), second.read_text()) == ("m.keras", "1", "2")
