"""Charts of scores are read back: outlines, curves and shades against the tables."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from audit.formats.html.score_charts import HEIGHT, SMALL_HEIGHT, score_charts
from audit.result import Table

from .builders import performance
from .samples import small


def points(path: str) -> list[list[float]]:
    return [[float(x), float(y)] for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]


def test_the_matrix_has_the_table_s_rows_and_shades_by_share() -> None:
    charts = score_charts(performance(), small())
    assert charts
    first = charts.matrices[0]
    assert first.decisions == ["no", "yes"] and [m.group for m in charts.by_group] == ["Male", "Female"]
    assert [[(c.rows, c.share) for c in row] for row in first.rows.values()] == [
        [("80", "80.0\u00a0%"), ("20", "20.0\u00a0%")], [("30", "30.0\u00a0%"), ("70", "70.0\u00a0%")],
    ]  # fmt: skip
    assert [[c.shade for c in row] for row in first.rows.values()] == [[3, 1], [1, 3]]


def test_outlines_are_as_high_as_each_label_s_share() -> None:
    charts = score_charts(performance(), small())
    assert charts
    (drawn,) = charts.histograms[""]
    favorable = points(drawn.favorable)
    tops = sorted({y for _, y in favorable} - {float(SMALL_HEIGHT)})
    shares = [0.7, 0.25, 0.05]  # the highest bin of both labels reaches the top
    assert tops == pytest.approx([SMALL_HEIGHT * (1 - share / 0.7) for share in shares], abs=0.1)
    assert {x for x, _ in favorable} == {0.0, 2.0, 48.0, 50.0, 98.0, 100.0}
    assert points(drawn.unfavorable)[1][1] == pytest.approx(SMALL_HEIGHT * (1 - 0.6 / 0.7), abs=0.1)


def test_curves_go_through_their_points_and_mark_the_threshold_in_use() -> None:
    charts = score_charts(performance(), small())
    assert charts
    roc, recall = charts.curves
    places = [[0.0, HEIGHT], [20.0, 0.3 * HEIGHT], [100.0, 0.0]]
    np.testing.assert_allclose(points(roc.path), places, atol=0.05)
    np.testing.assert_allclose(points(recall.path), [[70, 0.22 * HEIGHT], [100, HEIGHT / 2]], atol=0.05)
    np.testing.assert_allclose(points(roc.band)[1], [20, 0.21 * HEIGHT], atol=0.05)
    assert (
        roc.point == ("20%", f"{0.3 * HEIGHT:.1f}")
        and "the true positive rate is 0.700 and the false positive rate is 0.200." in roc.desc
    )
    (table,) = [table for table in performance().tables if table.name == "roc"]
    none_chosen = replace(table, columns={**table.columns, "chosen": [False] * 3})
    several = score_charts(replace(performance(), tables=[none_chosen]), small())
    assert several and several.curves[0].point is None and "in use" not in several.curves[0].desc


def test_old_and_damaged_tables_draw_nothing() -> None:
    assert score_charts(replace(performance(), tables=[]), small()) is None
    damaged = Table(name="roc", about="", columns={"threshold": [0.5]})
    assert score_charts(replace(performance(), tables=[damaged]), small()) is None
    empty = Table(name="roc", about="", columns={n: [None] for n in performance().tables[2].columns})
    charts = score_charts(replace(performance(), tables=[empty]), small())
    assert charts and charts.curves == []
