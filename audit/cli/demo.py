"""`audit demo`: the main job on an example that needs no files."""

from __future__ import annotations

import shlex
from pathlib import Path

from audit.cli.exit_codes import PASS, TOOL_FAULT
from audit.cli.progress import progress_display
from audit.cli.summary import plain, summary
from audit.demo.prepare import SEEDS, Seeds
from audit.demo.run import EXPECTED, run_demo

_PLANTED = """\
  bias             creditworthy women are refused by lot     fairness: disparate impact of sex
  proxy            district_score tells women from men       explainability: the share of district_score
  fragile feature  bureau_rate tells most, in a narrow band  robustness: flips that rest on bureau_rate alone"""


def demo(out: Path, quiet: bool, seeds: Seeds = SEEDS) -> int:
    """Run the demo; 0 when the first candidate is blocked and the second passes, else 70."""
    with progress_display(quiet) as progress:
        found = run_demo(out, progress, seeds)
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
    tried = shlex.join(["audit", "selftest", str(policies[-1])])
    return (
        f"Three faults were planted in the data. Candidate 1 takes them up and should {_word(1)}; candidate 2 is\n"
        f"trained on reweighed rows and on FGSM examples, and should {_word(2)}. Where the reports show them:\n"
        f"{_PLANTED}\n"
        f"What to do next:\n"
        f"  open the two reports in a browser and compare\n"
        f"  {change}   (change a limit, see what moves)\n"
        f"  {start}   (a policy to start from)\n"
        f"  {tried}   (break candidate 2 on purpose, see which rule catches what)"
    )


def _word(number: int) -> str:
    return {"fail": "be blocked", "pass": "pass"}[EXPECTED[number]]
