"""What a whole audit imports, by the account of its own process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .audits import GIVEN, content, people, store
from .conftest import Models

ROOT = Path(__file__).parent.parent

SCRIPT = """
import sys
from audit.frameworks.output_silencing import enable
enable(replay_on_error=False)  # as on the command line
import audit
report = audit.run({policy!r})
assert all(check.status == "measured" for check in report.checks)
print(*sorted(sys.modules))
"""


def test_a_run_imports_no_framework_that_its_checks_do_not_use(model: Models, tmp_path: Path) -> None:
    data = store(people(400), tmp_path)
    policy = content(model("given"), data, spec=GIVEN, protected={"sex": {"privileged": "Male"}})
    policy["checks"] |= {"slices": {"min_rows": 20}, "fairness": False}  # which is AIF360's
    command = [sys.executable, "-c", SCRIPT.format(policy=policy)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = set(done.stdout.split())
    assert {"tensorflow", "numpy"} <= names
    unused = {
        "ray",
        "fsspec",
        "keras",
        "sklearn",
        "matplotlib",
        "aif360",
        "shap",
        "cleverhans",
        "PIL",
        "jinja2",
    }
    assert names & (unused | {"scipy.stats", "scipy.optimize"}) == set()
