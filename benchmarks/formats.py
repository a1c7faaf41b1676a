"""Time of every report format: of an audit of Adult, and of a report of 500 rules with 200 groups each.

Run from the root of the repository with the path of a report, such as the one that the example on Adult writes:

    python benchmarks/formats.py audit-report/report.json
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the large report is one of the tests'

from audit.formats.json import read_report
from audit.formats.registry import FORMATS
from audit.result import Report
from tests.formats.thorough import thorough

FRAMEWORKS = ("tensorflow", "keras", "shap", "aif360", "cleverhans", "sklearn", "pandas")


def main() -> None:
    """Print seconds and size of each format, and which frameworks were imported."""
    if len(sys.argv) == 2:
        print_times("the audit", read_report(sys.argv[1]))
    print_times("500 rules with 200 groups each", thorough())
    print("frameworks imported:", ", ".join(name for name in FRAMEWORKS if name in sys.modules) or "none")


def print_times(name: str, report: Report) -> None:
    """Print the processor's seconds of each format, imports of the first use included, and of all."""
    print(f"{name}:")
    total = 0.0
    for label, each in FORMATS.items():
        start = time.process_time()
        text = each.render(report)
        seconds = time.process_time() - start
        total += seconds
        print(f"  {label:10} {seconds:6.2f} s  {len(text.encode('utf-8', 'backslashreplace')) / 1e6:6.2f} MB")
    print(f"  {'all':10} {total:6.2f} s")


if __name__ == "__main__":
    main()
