"""The page on limits covers every metric, and its worked numbers and tables are those of today."""

from __future__ import annotations

import re

import numpy as np
import pytest
from fairlearn import metrics as fairlearn
from sklearn import metrics as sklearn

from audit.check import entry_points
from benchmarks import rows_needed

from .snippets import snippets, source

PAGE = source("choosing-limits").read_text("utf-8")
COUNTS = {"women": (60, 40, 10, 90), "men": (120, 40, 21, 119)}
"""Repaid and approved, repaid and refused, defaulted and approved, defaulted and refused."""

SEX = np.repeat(list(COUNTS), [sum(row) for row in COUNTS.values()])
LABEL = np.concatenate([np.repeat([1, 1, 0, 0], row) for row in COUNTS.values()])
DECISION = np.concatenate([np.repeat([1, 0, 1, 0], row) for row in COUNTS.values()])
BASE = np.full(len(LABEL), 0.52)
BENEFIT = (DECISION - LABEL + 1) / (DECISION - LABEL + 1).mean()


def rate(of: str, sex: str) -> float:
    """Return a rate of a group, counted from the table."""
    kept, refused, lost, denied = COUNTS[sex]
    return {
        "selection": (kept + lost) / (kept + refused + lost + denied),
        "tpr": kept / (kept + refused), "fnr": refused / (kept + refused), "fpr": lost / (lost + denied),
        "error": (refused + lost) / (kept + refused + lost + denied), "fdr": lost / (kept + lost),
        "for": refused / (refused + denied),
    }[of]  # fmt: skip


def gap(of: str) -> float:
    return rate(of, "women") - rate(of, "men")


def times(of: str) -> float:
    return rate(of, "women") / rate(of, "men")


VALUES = {
    "performance.accuracy": sklearn.accuracy_score(LABEL, DECISION),
    "performance.balanced_accuracy": sklearn.balanced_accuracy_score(LABEL, DECISION),
    "performance.selection_rate": fairlearn.selection_rate(LABEL, DECISION),
    "performance.true_positive_rate": fairlearn.true_positive_rate(LABEL, DECISION),
    "performance.false_positive_rate": fairlearn.false_positive_rate(LABEL, DECISION),
    "performance.brier": sklearn.brier_score_loss(LABEL, BASE),
    "performance.log_loss": sklearn.log_loss(LABEL, BASE),
    "performance.auc": sklearn.roc_auc_score(LABEL, BASE),
    "performance.calibration_error": abs(0.62 - LABEL.mean()),
    "fairness.disparate_impact": times("selection"),
    "fairness.statistical_parity_difference": gap("selection"),
    "fairness.equal_opportunity_difference": gap("tpr"),
    "fairness.false_negative_rate_difference": gap("fnr"),
    "fairness.false_negative_rate_ratio": times("fnr"),
    "fairness.false_positive_rate_difference": gap("fpr"),
    "fairness.false_positive_rate_ratio": times("fpr"),
    "fairness.average_odds_difference": (gap("tpr") + gap("fpr")) / 2,
    "fairness.average_abs_odds_difference": (abs(gap("tpr")) + abs(gap("fpr"))) / 2,
    "fairness.equalized_odds_difference": fairlearn.equalized_odds_difference(
        LABEL, DECISION, sensitive_features=SEX
    ),
    "fairness.error_rate_difference": gap("error"),
    "fairness.error_rate_ratio": times("error"),
    "fairness.false_discovery_rate_difference": gap("fdr"),
    "fairness.false_discovery_rate_ratio": times("fdr"),
    "fairness.false_omission_rate_difference": gap("for"),
    "fairness.false_omission_rate_ratio": times("for"),
    "fairness.theil_index": float(
        np.mean([b * np.log(b) if b else 0.0 for b in BENEFIT])  # x ln x is 0 at 0
    ),
}


def worked() -> dict[str, float]:
    """Return the worked numbers of the page, by metric."""
    lines = [line for s in snippets("choosing-limits", "table") for line in s.text.splitlines()[2:]]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): float(row[-1].replace("−", "-")) for row in cells}


def test_worked_numbers_follow_from_the_table_of_the_page() -> None:
    for group, counts in COUNTS.items():
        assert f"| {group} | {' | '.join(map(str, counts))} | {sum(counts)} |" in PAGE
    assert worked() == pytest.approx(VALUES, abs=0.0005)


def test_every_metric_has_its_place() -> None:
    named = set(re.findall(r"`(\w+\.\w+|\w+)`", PAGE))
    families = set(re.findall(r"`(\w+)_\*`", PAGE))
    assert families == {"false_discovery_rate", "false_omission_rate"}
    for check in entry_points.installed():
        for metric in entry_points.check_class(check).metrics:
            assert f"{check}.{metric}" in named or metric in named, (
                f"docs/choosing-limits.md lacks {check}.{metric}"
            )


def test_the_tables_of_rows_are_those_of_the_intervals_of_today() -> None:
    assert rows_needed.insert(PAGE) == PAGE, "run python -m benchmarks.rows_needed --write"


@pytest.mark.parametrize(("share", "limit"), [(0.85, 0.8), (0.92, 0.9)])
def test_the_fewest_rows_of_a_rate_are_found(share: float, limit: float) -> None:
    """By SciPy's exact interval, with whole rows: one percent fewer than the table says do not decide."""
    from scipy.stats import beta

    def low(rows: float) -> float:
        return float(beta.ppf(0.025, share * rows, rows - share * rows + 1))

    rows = int(rows_needed.fewest(lambda n: rows_needed.rate(share, n)[0] >= limit).replace(",", ""))
    assert low(rows) >= limit > low(0.95 * rows)
