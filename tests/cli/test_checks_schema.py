"""`audit checks`, `audit checks NAME` and `audit schema`: complete, and for people and machines to read."""

from __future__ import annotations

import json

import pytest

from audit.check import entry_points
from audit.cli import main

Capture = pytest.CaptureFixture[str]


def printed(capsys: Capture, *arguments: str) -> str:
    assert main(list(arguments)) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_checks_lists_each_with_its_summary(capsys: Capture) -> None:
    lines = printed(capsys, "checks").splitlines()
    for name in ("performance", "fairness"):
        (line,) = [line for line in lines if line.startswith(name)]
        assert line.removeprefix(name).strip() == entry_points.check_class(name).summary
    assert "audit checks NAME" in lines[-1]


INTERFACE = {
    "performance": "rows accuracy balanced_accuracy auc log_loss brier calibration_error selection_rate "
    "true_positive_rate false_positive_rate mae rmse r2",
    "fairness": "statistical_parity_difference disparate_impact equal_opportunity_difference average_odds_difference "
    "average_abs_odds_difference equalized_odds_difference false_positive_rate_difference theil_index",
}


@pytest.mark.parametrize("name", INTERFACE)
def test_the_page_of_a_check_explains_every_metric_of_the_interface(capsys: Capture, name: str) -> None:
    page = printed(capsys, "checks", name).splitlines()
    assert page[0] == f"{name}: {entry_points.check_class(name).summary}"
    assert f"Options (checks.{name}):" in page
    for metric in INTERFACE[name].split():
        explained = page[page.index(f"  {name}.{metric}") + 1]
        assert explained.startswith("      ")
        assert explained.strip().endswith(".")


@pytest.mark.parametrize("name", INTERFACE)
def test_the_page_lists_no_metric_twice_and_no_other(capsys: Capture, name: str) -> None:
    listed = [
        line.strip() for line in printed(capsys, "checks", name).splitlines() if line.startswith(f"  {name}.")
    ]
    assert listed == [f"{name}.{metric}" for metric in entry_points.check_class(name).metrics]


def test_an_unknown_check(capsys: Capture) -> None:
    assert main(["checks", "fairnes"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "did you mean 'fairness'?" in captured.err
    assert "Traceback" not in captured.err


KEYS = {
    "policy": {"version", "model", "data", "checks", "gate", "waivers"},
    "report": {"verdict", "rules", "checks", "environment", "run"},
}


@pytest.mark.parametrize(("of", "keys"), KEYS.items())
def test_schema_prints_one_json_document(capsys: Capture, of: str, keys: set[str]) -> None:
    schema = json.loads(printed(capsys, "schema", of))
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert keys <= set(schema["properties"])


def test_schema_of_something_else(capsys: Capture) -> None:
    assert main(["schema", "data"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "'policy'" in captured.err and "'report'" in captured.err
