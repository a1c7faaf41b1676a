"""A rule's outcome in words: the numbers of the report, and nothing that a reader could misread."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from audit.formats.rule_outcome import outcome
from audit.formats.rule_text import measurement_lines, sentence, waiver
from audit.result import MAX_AUDITS, Baseline, Measurement, Report, RuleResult

from .any_report import reports
from .html.samples import full, rules

_LINE = re.compile("[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
AUC, IMPACT, RACE, WAIVED, EMPTY = rules()
GROUPS = full().data.groups


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (AUC, "AUC is 0.907. 95 % interval 0.902 to 0.912, 16,281 rows; limit at least 0.6. "
              "The whole interval lies inside the limit."),
        (IMPACT, "Disparate impact (sex: Female against Male) is 0.510. 95 % interval 0.456 to 0.564, 5,421 rows; "
                 "limit 0.8 to 1.25 (four-fifths rule). The value is 0.290 below the limit. "
                 "1 of 1 measurement breaks the limit."),
        (EMPTY, "Accuracy under attack: attack fgsm, eps 0.1 was not measured. Limit at least 0.6. "
                "No measurement: the check 'robustness' crashed."),
        (replace(AUC, id=MAX_AUDITS, metric="gate.audits", limit={"at_most": 5.0}, status="fail",
                 reason="7 different audits of these rows, of 5 that the policy allows"),
         "Number of audits of these rows must be at most 5. "
         "7 different audits of these rows, of 5 that the policy allows."),
    ],
)  # fmt: skip
def test_the_outcome_in_words(rule: RuleResult, text: str) -> None:
    assert outcome(rule, full()).replace("\u00a0", " ") == text


def test_a_waived_rule_says_who_until_when_why_and_what_it_would_be() -> None:
    assert waiver(WAIVED) == (
        "waived by Ana until 2027-01-31: Retraining is planned. Without the waiver it would fail"
    )
    assert outcome(WAIVED, full()).endswith("Waived by Ana until 2027-01-31: Retraining is planned. "
                                    "Without the waiver it would fail.")  # fmt: skip


def test_the_measurement_in_the_sentence_is_the_one_furthest_outside() -> None:
    worst = full().rules[-1]
    values = [m.value for m in worst.measurements]
    assert f" is {min(values):.3f}." in outcome(worst, full())


def test_a_rule_against_a_baseline_says_the_improvement() -> None:
    gain = Baseline(value=0.9, method="m", better="higher", improvement=-0.02, improvement_ci=(-0.03, -0.01))
    measured = Measurement(
        metric="performance.auc", value=0.88, ci=(0.87, 0.89), n=9, method="m", baseline=gain
    )
    rule = replace(AUC, limit={"no_worse_than_baseline_by": 0.005}, measurements=[measured])
    text = outcome(rule, full())
    assert "improvement over the baseline (0.900): −0.020 (−0.030 to −0.010); " in text
    assert "The improvement is 0.015 below the limit." in text


def test_the_lines_repeat_the_first_of_many() -> None:
    lines = list(measurement_lines(RACE, GROUPS, 1))
    assert lines[0].startswith("race: Black against White: ") and lines[1] == "and 1 more, in report.json"
    assert lines[2].startswith("left out by gate.min_rows: race: ")
    assert len(list(measurement_lines(RACE, GROUPS))) == len(RACE.measurements) + len(RACE.not_decided)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("the value holds", "The value holds."),
        ("Done.", "Done."),
        ("fairness.x is 1", "fairness.x is 1."),
        ("a\nb\x1b", "A b\\u001b."),
        ("", "."),
    ],
)
def test_a_sentence_is_one_line(text: str, line: str) -> None:
    assert sentence(text) == line


@settings(max_examples=150)
@given(reports())
def test_no_name_breaks_out_of_its_line_or_fills_pages(report: Report) -> None:
    for rule in report.rules:
        lines = [outcome(rule, report), *measurement_lines(rule, report.data.groups)]
        assert all(_LINE.fullmatch(line) for line in lines)
        assert max(map(len, lines)) < 4000
