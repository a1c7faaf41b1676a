"""`audit demo`: the main job on an example that needs no files."""

from __future__ import annotations

import shlex
from pathlib import Path

from audit import quiet as quiet_module
from audit.cli.codes import PASS, TOOL_FAULT
from audit.cli.progress import shown
from audit.cli.text import plain, summary
from audit.demo.run import EXPECTED, run_demo


def demo(out: Path, quiet: bool, debug: bool) -> int:
    """Run the demo; 0 when the first candidate is blocked and the second passes, else 70."""
    quiet_module.replay_on_error = debug
    with shown(quiet) as progress:
        found = run_demo(out, progress)
    if not quiet:
        for number, audited in found.items():
            print(f"Candidate {number}")
            print("\n".join(summary(audited.report)))
            print(f"Report: {plain(audited.files[-1], 500)}\n")
        print(_next(out, [audited.policy for audited in found.values()]))
    return PASS if all(audited.as_expected(number) for number, audited in found.items()) else TOOL_FAULT


def _next(out: Path, policies: list[Path]) -> str:
    change = shlex.join(["audit", "run", str(policies[0]), "--set", "gate.rules.2.at_least=0.2"])
    start = shlex.join(
        ["audit", "init", str(out / "models/1"), str(out / "data/test.parquet"), "--label", "approved"]
    )
    return (
        f"As planted, candidate 1 is to be {_word(1)} and candidate 2 {_word(2)}. What to do next:\n"
        f"  open the two reports in a browser and compare\n"
        f"  {change}   (change a limit, see what moves)\n"
        f"  {start}   (a policy to start from)"
    )


def _word(number: int) -> str:
    return {"fail": "blocked", "pass": "passed"}.get(EXPECTED[number], EXPECTED[number])
