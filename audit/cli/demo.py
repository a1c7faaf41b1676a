"""`audit demo`: audits two candidates on generated data."""

import shlex
from pathlib import Path

from audit.cli.colour import of_stdout
from audit.cli.exit_codes import PASS, TOOL_FAULT
from audit.cli.plain_text import plain
from audit.cli.progress import progress_display
from audit.cli.summary import summary
from audit.demo.prepare import SEEDS, Seeds
from audit.demo.run import EXPECTED, run_demo

_PLANTED_FAULTS = """\
  bias             creditworthy women are rejected at random    fairness: disparate impact of sex
  proxy            district_score reveals an applicant's sex    explainability: attribution share of district_score
  fragile feature  bureau_rate predicts best, in a narrow band  robustness: flips by changing bureau_rate alone"""


def demo(out: Path, quiet: bool, seeds: Seeds = SEEDS) -> int:
    """Run the demo; return 0 if the first candidate is blocked and the second passes, else 70."""
    with progress_display(quiet) as progress:
        audits = run_demo(out, progress, seeds)
    if not quiet:
        for number, audited in audits.items():
            print(f"Candidate {number}")
            print("\n".join(summary(audited.report, audited.report, style=of_stdout())))
            print(f"Report: {plain(audited.files[-1], 500)}\n")
        print(_next_steps(out, [audited.policy for audited in audits.values()]))
    verdicts = {number: audited.report.verdict for number, audited in audits.items()}
    return PASS if verdicts == EXPECTED else TOOL_FAULT


def _next_steps(out: Path, policies: list[Path]) -> str:
    audit_again = shlex.join(["audit", "run", str(policies[0]), "--set", "gate.rules.2.at_least=0.2"])
    draft = shlex.join(
        ["audit", "init", str(out / "models/1"), str(out / "data/test.parquet"), "--label", "approved"]
    )
    selftest = shlex.join(["audit", "selftest", str(policies[-1])])
    should = {number: "be blocked" if verdict == "fail" else verdict for number, verdict in EXPECTED.items()}
    return (
        f"The data contains three planted faults. Candidate 1 learns them and should {should[1]}; candidate 2 is\n"
        f"trained on reweighed rows and FGSM examples and should {should[2]}. Where the reports show each fault:\n"
        f"{_PLANTED_FAULTS}\n"
        f"What to do next:\n"
        f"  open the two reports in a browser and compare\n"
        f"  {audit_again}   (change a limit, see what moves)\n"
        f"  {draft}   (a policy to start from)\n"
        f"  {selftest}   (break candidate 2 on purpose, see which rule catches what)"
    )
