"""Processes that promote and roll back at once, in a database and on a server: there is one history."""

from __future__ import annotations

import multiprocessing
import random
from collections import Counter
from dataclasses import replace

import pytest

from audit.errors import AuditError, Refused
from audit.promotion.log import read_history
from audit.promotion.mlflow_store import MlflowStore, parse_target
from audit.promotion.moves import promote_to, roll_back
from audit.registry.mlflow_connection import connect

from .memory import AUTHOR, grounds

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own

PROCESSES = 8
OPERATIONS = 25
VERSIONS = 4


def work(seed: int) -> list[tuple[str, str]]:
    """Promote and roll back at random, and return each outcome with its author."""
    choice = random.Random(seed)
    store = MlflowStore(connect(), parse_target("income@champion"))
    outcomes = []
    for number in range(OPERATIONS):
        author = replace(AUTHOR, actor=f"{seed}-{number}")
        try:
            if choice.random() < 0.6:
                outcome = promote_to(store, grounds(choice.randint(1, VERSIONS)), author)
            else:
                outcome = roll_back(store, author, lambda _: "")
            outcomes.append(("appended" if outcome.appended else "there", author.actor))
        except Refused:
            outcomes.append(("refused", author.actor))
        except AuditError as error:
            moved = "moves meanwhile" in error.expected
            outcomes.append(("moved" if moved else str(error), author.actor))
    return outcomes


@pytest.mark.parametrize("kind", ["database", "server"])
def test_the_log_folds_to_one_history(
    kind: str, registry: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "server":
        monkeypatch.setenv("MLFLOW_TRACKING_URI", request.getfixturevalue("registry_server"))
    client = connect()
    client.create_registered_model("income")
    for _ in range(VERSIONS):
        client.create_version("income", {})
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        outcomes = [outcome for result in pool.map(work, range(PROCESSES), 1) for outcome in result]
    kinds = Counter(kind for kind, _ in outcomes)
    assert sum(kinds.values()) == PROCESSES * OPERATIONS
    assert set(kinds) <= {"appended", "there", "refused", "moved"}, kinds
    history = read_history(MlflowStore(client, parse_target("income@champion")))
    assert history.faults == []
    assert client.alias_version("income", "champion") == history.version
    assert Counter(move.entry.actor for move in history.moves) == Counter(
        actor for kind, actor in outcomes if kind == "appended"
    )
    assert kinds["appended"] > PROCESSES and kinds["moved"] > 0, kinds
