"""Takes a model from its audit to an alias in MLflow and back: every step is a command of `audit`, printed as it runs.

Version 1 is blocked. Version 2 passes, is signed, approved and promoted. Version 3 adds warm-up requests for TensorFlow
Serving, passes and is promoted; then a byte of it is changed in the store, `audit verify` names the file, and
`audit rollback` returns to version 2. It needs no network: the registry is a SQLite database in the output directory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from script import parse  # noqa: E402  (the examples are scripts, not a package)

CHAMPION = "loans@champion"
TRUSTED = "--key ci.key.pub"


def main() -> None:
    """Run the whole life of a model in a new directory."""
    out = parse("Audit, sign, promote, tamper with and roll back a model.", HERE).out / "lifecycle"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    os.chdir(out)
    os.environ |= {"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db", "AUDIT_HISTORY": "history.jsonl"}

    say("Two candidates are trained and audited under one policy; the first is blocked.")
    audit("demo --out demo --quiet")
    audit("keygen ci.key")
    audit("keygen reviewer.key")
    require_an_approval()
    audit("register demo/models/1 --name loans")
    audit(f"promote demo/report-1/report.json --to {CHAMPION}", code=1)

    say("Version 2 passes: its verdict is signed and approved, and the alias moves to its bytes.")
    audit("register demo/models/2 --name loans")
    release("demo/report-2/report.json", "2.dsse.json")

    say("Version 3 adds warm-up requests for TensorFlow Serving: other bytes, so another audit.")
    shutil.copytree("demo/models/2", "models/3")
    extra = Path("models/3/assets.extra")
    extra.mkdir()
    (extra / "tf_serving_warmup_requests").write_bytes(b"")
    audit("register models/3 --name loans")
    audit("run demo/audit-2.yaml --set model.path=models:/loans/3 --out report-3 --quiet")
    release("report-3/report.json", "3.dsse.json")

    say(
        "Somebody changes a byte of version 3 in the store: whoever serves the alias finds out which file differs."
    )
    change_a_byte(weights_of_version_3())
    audit(f"verify models:/{CHAMPION} {TRUSTED}", code=1)
    audit(f"rollback {CHAMPION} --reason 'files were changed in the store'")
    audit(f"verify models:/{CHAMPION} {TRUSTED}")
    audit(f"history {CHAMPION}")


def require_an_approval() -> None:
    """Write the policy that a promotion requires: the demo's, and an approval by the reviewer's key."""
    policy = Path("demo/audit-2.yaml").read_text("utf-8")
    approvals = "gate:\n  approvals: {count: 1, keys: [reviewer.key.pub]}"
    Path("required.yaml").write_text(policy.replace("gate:", approvals, 1), "utf-8")


def release(report: str, attestation: str) -> None:
    """Sign a passing report, have it approved, promote its model, and check what the alias serves."""
    audit(f"sign {report} --key ci.key --out {attestation} --valid-for 90d")
    audit(f"approve {attestation} --key reviewer.key --by 'Ann Reviewer'")
    audit(f"promote {report} --to {CHAMPION} --policy required.yaml --attestation {attestation} {TRUSTED}")
    audit(f"verify models:/{CHAMPION} {TRUSTED}")


def audit(arguments: str, code: int = 0) -> None:
    """Print and run a command of `audit`, and end the script unless its exit code is ``code``."""
    print(f"\n$ audit {arguments}", flush=True)
    command = f"{sys.executable} -m audit {arguments}"
    actual = subprocess.run(command, shell=True).returncode
    if actual != code:
        sys.exit(f"expected exit code {code}, but it is {actual}")


def weights_of_version_3() -> Path:
    """Return the file of weights beside the warm-up requests, in MLflow's store."""
    requests = next(Path("mlruns").rglob("tf_serving_warmup_requests"))
    return requests.parents[1] / "variables" / "variables.data-00000-of-00001"


def change_a_byte(file: Path) -> None:
    """Flip the bits of the last byte."""
    content = bytearray(file.read_bytes())
    content[-1] ^= 0xFF
    file.chmod(0o644)
    file.write_bytes(content)


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n# {text}", flush=True)


if __name__ == "__main__":
    main()
