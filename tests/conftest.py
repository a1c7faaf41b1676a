"""What tests share: their markers, models built once, and the raw UCI files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from . import adult, mlflow_stores, models, tiers, wheels
from .model_cache import built

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
HERE = Path(__file__).resolve().parent
Models = Callable[[str], Path]


def pytest_configure(config: pytest.Config) -> None:
    slow = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile(
        "untimed", deadline=None, suppress_health_check=slow
    )  # on a busy machine
    hypothesis.settings.load_profile("untimed")
    for marker, about in tiers.MARKERS.items():
        config.addinivalue_line("markers", f"{marker}: {about}")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out, unread, what the tier cannot hold."""
    if not collection_path.name.startswith("test_") or not collection_path.is_relative_to(HERE):
        return None
    inside = collection_path.relative_to(HERE).as_posix()
    return None if tiers.may_hold(inside, config.option.markexpr) else True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark before `-m` chooses; what takes longest comes first, so that no worker waits for another at the end."""
    for item in items:
        for marker in tiers.markers(item.nodeid.removeprefix("tests/")):
            item.add_marker(marker)
    items.sort(key=lambda item: tiers.turn(item.nodeid.removeprefix("tests/")))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a worker a module at a time, whose fixtures its tests share; but of the zoo one kind, of examples one."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduler(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return tiers.shared(nodeid)

    return Scheduler(config, log) if config.option.dist == "loadscope" else None


STARTED = pytest.StashKey[bool]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[STARTED] = "tensorflow" in sys.modules


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fail a test that starts TensorFlow without the marker: with such tests, `make fast` would not stay fast."""
    yield  # fixtures are torn down first, so that the test after it is not harmed
    starts = "tensorflow" in sys.modules and not item.stash[STARTED]
    if starts and item.get_closest_marker("tensorflow") is None:
        pytest.fail(f"{item.nodeid} starts TensorFlow: enter it in tests/tiers.py", pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the audits of tests out of the user's history, those of child processes included."""
    file = tmp_path_factory.mktemp("history") / "history.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUDIT_HISTORY", str(file))
        yield file


@pytest.fixture(scope="session")
def model() -> Models:
    """Return the path of a model of `models`, by the name of the function that writes it; it is not to be changed."""

    def find(name: str) -> Path:
        file = f"{name}.keras" if name.endswith("_file") else name
        return built(file, getattr(models, name), Path(models.__file__))

    return find


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return wheels.build(tmp_path_factory.mktemp("wheel"))


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


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty MLflow registry, a database; the test runs in a directory of its own, with a cache."""
    monkeypatch.chdir(tmp_path)
    address = mlflow_stores.database(tmp_path / "registry")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    return address


@pytest.fixture(scope="session")
def registry_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an MLflow server; its models are those of all tests of the process."""
    with mlflow_stores.server(tmp_path_factory.mktemp("server")) as address:
        yield address
