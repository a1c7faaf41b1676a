"""The report of a real audit in Python: it stays a `Report`, comes back from its file, and shows what it may."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import audit
from audit.conclusion.stored import verified
from audit.errors import AuditError
from audit.formats.html.page import render_html
from audit.formats.json import read_report, to_json
from audit.notebook import AuditReport
from audit.result import Report

from ..audits import content, store
from ..checks.kit import COLUMNS, PROTECTED, logistic, persons

DATA = persons(120, 11)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("logistic")
    spec = {"inputs": {"x": COLUMNS}}
    policy = content(logistic(folder / "model"), store(DATA, folder), spec=spec, protected=PROTECTED)
    rules = [{"metric": "performance.auc", "at_least": 0.99}, {"metric": "performance.rows", "at_least": 9}]
    return {**policy, "checks": {"robustness": False}, "gate": {"rules": rules}}


@pytest.fixture(scope="module")
def report(policy: dict[str, Any]) -> AuditReport:
    return audit.run(policy)


@pytest.fixture(scope="module")
def saved(report: AuditReport, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("saved")
    report.save(folder, ["html", "junit"])
    yield folder


def test_it_is_a_report_for_whatever_takes_one(report: AuditReport) -> None:
    plain = Report(**{name: getattr(report, name) for name in asdict(report)})
    assert isinstance(report, Report) and type(plain) is Report
    assert report == plain and plain == report and report != replace(plain, reason="another")
    assert to_json(report) == to_json(plain) and render_html(report) == render_html(plain)
    assert audit.decide(report) == audit.decide(plain)
    assert report != "a text" and not hasattr(report, "__dict__")


def test_copies_have_the_same_views(report: AuditReport) -> None:
    for other in (copy.deepcopy(report), pickle.loads(pickle.dumps(report)), replace(report)):
        assert type(other) is AuditReport and other == report and repr(other) == repr(report)


def test_what_is_loaded_is_what_was_run(report: AuditReport, saved: Path) -> None:
    for place in (saved, saved / "report.json", str(saved)):
        loaded = audit.load(place)
        assert loaded == report and repr(loaded) == repr(report)
        assert loaded._repr_html_() == report._repr_html_()
        assert loaded.to_frame().equals(report.to_frame())
        np.testing.assert_array_equal(loaded.explanation.values, report.explanation.values)


def test_a_name_alone_is_a_list_of_one(report: AuditReport, policy: dict[str, Any], tmp_path: Path) -> None:
    assert [file.name for file in report.save(tmp_path / "one", "junit")] == ["report.json", "junit.xml"]
    assert [check.name for check in audit.run(policy, only="performance").checks] == ["performance"]


def test_what_is_saved_is_what_a_run_writes(report: AuditReport, saved: Path) -> None:
    assert sorted(file.name for file in saved.iterdir()) == ["junit.xml", "report.html", "report.json"]
    stored = read_report(saved)
    assert verified(stored) == report
    assert (saved / "report.html").read_text("utf-8") == render_html(stored)


def test_saving_again_moves_the_older_report(report: AuditReport, tmp_path: Path) -> None:
    files = report.save(tmp_path / "out")
    assert files == [tmp_path / "out" / "report.json", tmp_path / "out" / "report.html"]
    assert report.save(str(tmp_path / "out"), []) == files[:1]
    assert sorted(f.name for f in (tmp_path / "out").rglob("*.*")) == [
        "report.html", "report.json", "report.json",
    ]  # fmt: skip


def test_what_cannot_be_saved_leaves_the_folder_as_it_was(report: AuditReport, tmp_path: Path) -> None:
    report.save(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(AuditError, match="did you mean 'html'") as caught:
        report.save(tmp_path, ["htlm"])
    assert caught.value.where == "formats"
    with pytest.raises(AuditError, match="verdict"):
        replace(report, verdict="pass").save(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_an_edited_report_is_neither_loaded_nor_displayed(
    report: AuditReport, saved: Path, tmp_path: Path
) -> None:
    text = (saved / "report.json").read_text("utf-8")
    (tmp_path / "report.json").write_text(text.replace('"verdict": "fail"', '"verdict": "pass"'))
    with pytest.raises(AuditError, match="verdict"):
        audit.load(tmp_path)
    with pytest.raises(AuditError, match="verdict"):
        replace(report, verdict="pass")._repr_html_()


def test_an_older_decision_stays_as_it_was_stored_and_is_shown_with_todays(
    report: AuditReport, tmp_path: Path
) -> None:
    older = replace(report, decision_version=1, verdict="pass")
    older.save(tmp_path)
    loaded = audit.load(tmp_path)
    assert loaded == older and loaded.verdict == "pass"
    assert repr(loaded).endswith("decided by version 1 of the decision rules>")
    assert "was decided by version 1 of the decision rules: PASS" in loaded._repr_html_()
    assert "FAIL" in loaded._repr_html_()


def test_a_notebook_sees_one_line_or_a_frame(report: AuditReport) -> None:
    path, digest = report.model.path, report.model.digest
    assert repr(report).startswith("<Report fail: 1 of 2 rules failed, model ")
    assert repr(report).endswith(f"{Path(path).name} {digest[:11]}…, 120 rows>")
    page = report._repr_html_()
    assert page.count("<iframe") == 1 and len(re.findall(r"<(?!/?(?:div|p|iframe)\b)", page)) == 0
    assert len(page) < 200_000


def test_the_page_does_not_print_what_is_for_plots(report: AuditReport) -> None:
    page = render_html(report)
    assert "explained" in {t.name for check in report.checks for t in check.tables}
    assert "attribution: " not in page and "value: age" not in page


def test_masked_it_explains_the_examples_of_the_page_alone(report: AuditReport) -> None:
    explanation = report.explanation
    (local,) = [t for check in report.checks for t in check.tables if t.name == "local"]
    heads = dict(zip(local.columns["case"], local.columns["output"], strict=True))
    assert 0 < len(explanation) == len(heads) < 20
    sums = explanation.base_values + explanation.values.sum(1)
    size = np.abs(explanation.base_values) + np.abs(explanation.values).sum(1)
    assert (np.abs(sums - np.array(list(heads.values()), float)) <= 0.005 * (size + np.abs(sums))).all()
    raw = {f"{value:.6g}" for name in ("age", "hours", "debt") for value in DATA[name]}
    assert not raw & {str(text) for text in explanation.display_data.ravel()}


def test_shown_it_explains_every_row_by_closed_form(policy: dict[str, Any]) -> None:
    from ..checks.kit import WEIGHTS

    shown = {**policy, "report": {"rows": "shown"}, "gate": {"rules": []}}
    report = audit.run(shown, only=["explainability"])
    explanation = report.explanation
    (table,) = [t for check in report.checks for t in check.tables if t.name == "explained"]
    place = np.array(table.columns["row"], int) - 1
    assert sorted(place) == list(range(len(DATA)))
    order = [COLUMNS.index(name) for name in explanation.feature_names]
    values = DATA[COLUMNS].to_numpy(np.float64)
    phi = (values - values.mean(0)) * WEIGHTS  # up to the choice of 100 references
    np.testing.assert_array_equal(explanation.data, values[place][:, order])
    spread = explanation.values - phi[place][:, order]
    assert np.abs(spread - spread.mean(0)).max() < 1e-5  # a reference shifts all rows alike
    sums = explanation.base_values + explanation.values.sum(1)
    np.testing.assert_allclose(sums, np.array(table.columns["output"], float), rtol=0, atol=1e-12)
