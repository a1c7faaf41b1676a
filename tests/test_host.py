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
