"""The table of explained rows as a `shap.Explanation`: its numbers, every plot of shap's, and errors where it lacks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from audit.data.shared_ranges import Ranges
from audit.errors import AuditError
from audit.notebook import AuditReport
from audit.notebook.row_explanation import _number
from audit.result import CheckResult, Report, Scalar, Table

from ..formats.html.samples import small

Columns = dict[str, list[Scalar | None]]
ROWS = 12


def columns(masked: bool) -> Columns:
    """Return the cells of a number, one with gaps, a text, and the sum of others: as ranges if ``masked``."""
    rng = np.random.default_rng(0)
    age = rng.uniform(18, 80, ROWS)
    debt = np.where(np.arange(ROWS) % 4 == 0, np.nan, rng.normal(size=ROWS))
    job = [str(value) for value in rng.choice(["clerk", "nurse", "(rare value)"], ROWS)]
    shap_values = rng.normal(size=(ROWS, 4))
    ranges = ["below 25", "25 to 31", "1e-05 to 2.5e-05", "-3 to -1.5", "60 or more", "(rare value)"] * 2
    unknown = ["nan", "-1 to 2"] * (ROWS // 2)
    return {
        "row": [None if masked else row + 1 for row in range(ROWS)],
        "base": [0.25] * ROWS,
        "output": (0.25 + shap_values.sum(1)).tolist(),
        "value: age": list(ranges) if masked else age.tolist(),
        "attribution: age": shap_values[:, 0].tolist(),
        "value: debt": list(unknown) if masked else debt.tolist(),
        "attribution: debt": shap_values[:, 1].tolist(),
        "value: job: now": list(job),
        "attribution: job: now": shap_values[:, 2].tolist(),
        "sum: 3 other features": shap_values[:, 3].tolist(),
    }


def with_table(cells: Columns | None, **changes: Any) -> AuditReport:
    tables = [Table(name="explained", about="", columns=cells)] if cells else []
    check = replace(CheckResult(name="explainability", status="measured", tables=tables), **changes)
    return AuditReport.of(replace(small(), checks=[check]))


@pytest.mark.parametrize("masked", [False, True])
def test_the_numbers_are_those_of_the_table(masked: bool) -> None:
    cells = columns(masked)
    explanation = with_table(cells).explanation
    assert explanation.feature_names == ["age", "debt", "job: now", "3 other features"]
    assert explanation.values.shape == explanation.data.shape == explanation.display_data.shape == (ROWS, 4)
    assert explanation.values[:, 2].tolist() == cells["attribution: job: now"]
    sums = explanation.base_values + explanation.values.sum(1)
    np.testing.assert_allclose(sums, np.array(cells["output"], float), rtol=0, atol=1e-14)
    assert explanation.display_data[:, 0].tolist() == cells["value: age"]
    names = sorted(set(cells["value: job: now"]))  # type: ignore[type-var]
    assert [names[int(code)] for code in explanation.data[:, 2]] == cells["value: job: now"]
    assert explanation.data[:, 3].tolist() == [0] * ROWS and set(explanation.display_data[:, 3]) == {"sum"}


def test_a_range_counts_as_its_middle_and_an_open_one_as_its_end() -> None:
    data = with_table(columns(masked=True)).explanation.data
    np.testing.assert_allclose(data[:6, 0], [25, 28, 1.75e-5, -2.25, 60, math.nan])
    np.testing.assert_allclose(data[:2, 1], [math.nan, 0.5])


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e7, 1e18])
def test_every_range_that_masking_writes_is_read(scale: float) -> None:
    values = np.random.default_rng(1).normal(size=500) * scale
    ranges = Ranges(values)
    for value in values:
        number = _number(ranges.text(float(value)))
        assert number is not None and abs(number - value) < 3 * scale


@pytest.fixture
def pyplot() -> Iterator[Any]:
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


PLOTS: dict[str, Callable[[Any, Any], object]] = {
    "bar": lambda plots, e: plots.bar(e, show=False),
    "bar of a row": lambda plots, e: plots.bar(e[0], show=False),
    "beeswarm": lambda plots, e: plots.beeswarm(e, show=False),
    "waterfall": lambda plots, e: plots.waterfall(e[0], show=False),
    "scatter": lambda plots, e: plots.scatter(e[:, "age"], show=False),
    "scatter in colour": lambda plots, e: plots.scatter(e[:, "age"], color=e, show=False),
    "scatter of texts": lambda plots, e: plots.scatter(e[:, "job: now"], show=False),
    "heatmap": lambda plots, e: plots.heatmap(e, show=False),
    "violin": lambda plots, e: plots.violin(e, show=False),
    "decision": lambda plots, e: plots.decision(
        e.base_values[0], e.values, e.display_data, e.feature_names, show=False
    ),
    "force": lambda plots, e: plots.force(e[0], matplotlib=True, show=False),
}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_takes_it(name: str, masked: bool, pyplot: Any) -> None:
    import shap

    PLOTS[name](shap.plots, with_table(columns(masked)).explanation)
    axes = pyplot.gcf().axes
    assert axes and any(ax.patches or ax.lines or ax.collections or ax.images for ax in axes)


def rows(report: Report, disclosure: str) -> AuditReport:
    effective = report.policy.effective | {"report": {"rows": disclosure}}
    return AuditReport.of(replace(report, policy=replace(report.policy, effective=effective)))


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (rows(with_table(None), "none"), "report.rows is none"),
        (
            with_table(None, status="skipped", reason="of images and columns"),
            "skipped: of images and columns",
        ),
        (with_table(None, tables=[Table(name="pictures", about="", columns={})]), "images"),
        (with_table(None), "before reports had them"),
        (AuditReport.of(replace(small(), checks=[])), "no check 'explainability'"),
    ],
)
def test_without_the_table_the_error_says_why_and_what_to_do(report: AuditReport, words: str) -> None:
    with pytest.raises(AuditError, match=words) as caught:
        _ = report.explanation
    assert caught.value.where == "Report.explanation" and caught.value.fix
