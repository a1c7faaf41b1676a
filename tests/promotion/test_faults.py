"""Promotions that end at any request: client killed, server killed, no answer, refusal. The next move sets it right."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from audit.errors import AuditError, Refused
from audit.promotion.log import read_history
from audit.promotion.mlflow_store import MlflowStore, Target
from audit.promotion.moves import promote_to, roll_back
from audit.promotion.served import Served
from audit.registry.mlflow_client import RegistryClient
from audit.registry.mlflow_connection import connect

from ..mlflow_stores import server_process, stop
from .memory import AUTHOR, grounds, timed_out

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

MAX_REQUESTS = 30


class FaultyClient(RegistryClient):
    """Client in which something happens before, or after, the request with a number."""

    def __init__(self, number: int, moment: str, fault: Callable[[], None]) -> None:
        client = connect()
        super().__init__(client._mlflow, client.uri)
        self.left, self.moment, self.fault = number, moment, fault

    def ask(self, where: str, call: Callable[[Any], Any]) -> Any:
        self.left -= 1
        if self.left == 0 and self.moment == "before":
            self.fault()
        result = super().ask(where, call)
        if self.left == 0 and self.moment == "after":
            self.fault()
        return result


def promote_with(alias: str, number: int, moment: str, fault: Callable[[], None]) -> bool:
    """Promote version 2 and return whether the fault came in the way."""
    client = FaultyClient(number, moment, fault)
    promote_to(MlflowStore(client, Target("income", alias)), grounds(2), AUTHOR)
    return client.left <= 0


def promote_in_registry(address: str, alias: str, number: int, moment: str) -> None:
    """Promote in a process that dies on the way; its parent may be a server that another test started."""
    os.environ["MLFLOW_TRACKING_URI"] = address
    promote_with(alias, number, moment, _kill)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _time_out() -> None:
    raise timed_out()


def promoted(alias: str) -> None:
    promote_to(MlflowStore(connect(), Target("income", alias)), grounds(1), AUTHOR)


def require_set_right(alias: str, then: str) -> None:
    """Require that the alias is on the old or the new version, and that the next move leaves it where the log is."""
    target = Target("income", alias)
    store = MlflowStore(connect(), target)
    history, version = read_history(store), store.served()
    assert version in (1, 2) and history.version in (1, 2) and history.faults == []
    state = Served(target=target, version=version, history=history, differences=None).state
    assert state == ("recorded" if version == history.version else "interrupted")
    assert (version, history.version) != (2, 1)
    if then == "promote":
        promote_to(store, grounds(2), AUTHOR)
    elif history.version == 2:
        roll_back(store, AUTHOR, lambda _: "")
    else:
        with pytest.raises(Refused):
            roll_back(store, AUTHOR, lambda _: "")
    history = read_history(store)
    assert store.served() == history.version == (2 if then == "promote" else 1)
    assert [move.entry.version for move in history.moves][:2] == [1, 2][: len(history.moves)]
    assert len(history.moves) <= (2 if then == "promote" else 3)


@pytest.fixture
def income(registry: str) -> str:
    make_versions()
    return registry


def make_versions() -> None:
    client = connect()
    client.create_registered_model("income")
    for _ in range(2):
        client.create_version("income", {})


@pytest.mark.parametrize("then", ["promote", "rollback"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_refused_or_without_answer_at_every_request(income: str, moment: str, then: str) -> None:
    for number in range(1, MAX_REQUESTS):
        alias = f"{moment}-{number}"
        promoted(alias)
        try:
            if not promote_with(alias, number, moment, _time_out):
                return
        except AuditError as error:
            assert "none in time" in str(error)
        require_set_right(alias, then)
    raise AssertionError("a promotion takes fewer requests")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_client_is_killed_at_every_request(income: str, moment: str) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mlflow.tracking", __name__])
    for number in range(1, MAX_REQUESTS):
        alias = f"killed-{moment}-{number}"
        promoted(alias)
        process = context.Process(target=promote_in_registry, args=(income, alias, number, moment))
        process.start()
        process.join(120)
        if process.exitcode == 0:
            assert number > 6
            return
        assert process.exitcode == -signal.SIGKILL
        require_set_right(alias, "promote" if number % 2 else "rollback")
    raise AssertionError("a promotion takes fewer requests")


def test_the_server_is_killed_at_every_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first server has the request 1 left to die at, the second sets that right and dies at the next, and so on."""
    for number in range(1, MAX_REQUESTS):
        with server_process(tmp_path) as (address, process):
            monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
            if number == 1:
                make_versions()
            else:
                require_set_right(f"server-{number - 1}", "promote" if number % 2 else "rollback")
            promoted(f"server-{number}")
            try:
                if not promote_with(
                    f"server-{number}", number, "before", partial(stop, process, signal.SIGKILL)
                ):
                    return
            except AuditError as error:
                assert "an MLflow server that answers" in str(error)
    raise AssertionError("a promotion takes fewer requests")
