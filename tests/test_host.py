"""A Python program that audits keeps its own output, log levels and environment, also from several threads."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from audit.testing import toy_subject

HOST = Path(__file__).with_name("host.py")
PACKAGE = Path(__file__).parent.parent / "audit"
OF_THE_PROCESS = re.compile(
    r"""dup2|redirect_std|sys\.std(?:out|err)\s*=|setLevel|logging\.disable|basicConfig|catch_warnings|simplefilter
    |filterwarnings|environ(?:\.setdefault|\.update|\.pop|\[.*\]\s*=)|putenv|random\.seed|set_state|set_random_seed|chdir|umask""",
    re.VERBOSE,
)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """What `host` wrote and its own account: a fresh process, since TensorFlow starts, and is noisy, only once."""
    folder = tmp_path_factory.mktemp("host")
    toy_subject(folder)
    command = [sys.executable, "-P", str(HOST), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done, json.loads((folder / "account.json").read_text())


def test_overlapping_audits_leave_everything_where_it_was(host: Any) -> None:
    account = host[1]
    assert len(account["verdicts"]) == 2
    assert account["states"] == account["states"][:1]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_the_host_loses_nothing_that_it_writes_meanwhile(host: Any, stream: str) -> None:
    done, account = host
    written = re.findall(r"<(?:raw|printed) \d+>", getattr(done, stream))
    assert account["lines"] > 20
    assert written == [
        line for i in range(1, account["lines"] + 1) for line in (f"<raw {i}>", f"<printed {i}>")
    ]


def test_what_belongs_to_the_process_is_changed_in_few_places() -> None:
    """Some act on the command line alone; the demo trains, which Keras seeds for the whole process.

    Isolation puts back what a plug-in changed, and does nothing where none is installed.
    """
    found = {
        file.relative_to(PACKAGE).as_posix(): OF_THE_PROCESS.findall(file.read_text("utf-8"))
        for file in PACKAGE.rglob("*.py")
    }
    assert {file: set(changes) for file, changes in found.items() if changes} == {
        "cli/streams.py": {"sys.stderr =", "sys.stdout ="},  # closed ones, of the command line
        "check/isolation.py": {"catch_warnings", "chdir", "environ.update", "set_state"},
        "execution/ray_cluster.py": {"environ.setdefault"},  # whether Ray reports its use to its makers
        "frameworks/output_silencing.py": {"dup2", "environ.setdefault", "filterwarnings"},
        "frameworks/tensorflow_loader.py": {"setLevel"},
        "integrations/pytest_items.py": {"catch_warnings", "simplefilter"},  # while a policy is collected
        "registry/mlflow_client.py": {
            "environ.pop",
            "environ.update",
        },  # MLflow's settings, of one request each
        "demo/candidates.py": {"set_random_seed"},
        # the child of the command line, and the fork that makes it: a caller from Python has neither
        "worker/process.py": {"catch_warnings", "simplefilter"},
        "worker/surroundings.py": {"dup2", 'environ["TMPDIR"] =', "sys.stderr =", "sys.stdout ="},
    }
