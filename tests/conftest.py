"""What tests share: models built once a session, and the raw UCI files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from . import adult, models

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
Models = Callable[[str], Path]


@pytest.fixture(scope="session", autouse=True)
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the audits of tests out of the user's history, those of child processes included."""
    file = tmp_path_factory.mktemp("history") / "history.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUDIT_HISTORY", str(file))
        yield file


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Return the path of a model of `models`, by the name of the function that writes it."""
    folder, made = tmp_path_factory.mktemp("models"), dict[str, Path]()

    def find(name: str) -> Path:
        if name not in made:
            path = folder / (f"{name}.keras" if name.endswith("_file") else name)
            getattr(models, name)(path)
            made[name] = path
        return made[name]

    return find


@pytest.fixture(scope="session")
def raw_data() -> Path:
    """The raw UCI files: from AUDIT_TEST_DATA, or beside the checkout; without them, tests are skipped."""
    folder = Path(os.environ.get("AUDIT_TEST_DATA", BESIDE))
    if not (folder / "adult" / "adult.test").is_file():
        pytest.skip(f"the raw UCI files are not in {folder}; set AUDIT_TEST_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def adult_policy(model: Models, raw_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policy file that audits an expert's rules of thumb on Adult's test rows."""
    return adult.write(model("adult"), raw_data, tmp_path_factory.mktemp("adult"))
