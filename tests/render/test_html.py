"""The page as a whole: the golden file, what it must and must not hold, and that it repeats."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from audit.render.html import render_html
from audit.result import Report

from .hostile import hostile
from .large import large
from .pages import parse
from .samples import inconclusive, passing, small

GOLDEN = Path(__file__).parent / "golden" / "small.html"
SAMPLES = {
    "small": small,
    "passing": passing,
    "inconclusive": inconclusive,
    "hostile": hostile,
    "large": large,
}


@pytest.fixture(params=SAMPLES)
def report(request: pytest.FixtureRequest) -> Report:
    return SAMPLES[request.param]()


def test_the_small_report_is_the_golden_file() -> None:
    """Written anew by ``AUDIT_WRITE_GOLDEN=1 pytest tests/render/test_html.py``; look at the difference."""
    page = render_html(small())
    if os.environ.get("AUDIT_WRITE_GOLDEN"):
        GOLDEN.write_text(page, encoding="utf-8")
    assert page == GOLDEN.read_text(encoding="utf-8")


def test_nothing_is_loaded_and_nothing_runs(report: Report) -> None:
    root = parse(render_html(report))
    tags = {element.tag for element in root.walk()}
    assert tags.isdisjoint(
        {"script", "img", "iframe", "object", "embed", "form", "base", "foreignobject", "image"}
    )
    assert [link.attributes["href"] for link in root.all("link")] == ["data:,"]
    for element in root.walk():
        assert not [name for name in element.attributes if name.startswith("on") or name in ("src", "style")]
        assert (element.attributes.get("href") or "#").startswith(("#", "data:,"))
    (policy,) = root.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert "default-src 'none'" in str(policy.attributes["content"])
    assert "script-src" not in str(policy.attributes["content"])
    css = root.all("style")[0].text
    assert "url(" not in css and "@import" not in css


def test_links_lead_somewhere_and_ids_are_unique(report: Report) -> None:
    elements = list(parse(render_html(report)).walk())
    ids = [e.attributes["id"] for e in elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    targets = {
        str(e.attributes["href"])[1:] for e in elements if str(e.attributes.get("href", "")).startswith("#")
    }
    assert targets <= set(ids)


def test_headings_charts_and_tables_can_be_read_aloud(report: Report) -> None:
    root = parse(render_html(report))
    levels = [int(e.tag[1]) for e in root.walk() if re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    for chart in root.all("svg", role="img"):
        assert [child.tag for child in chart.children[:2]] == ["title", "desc"]
        assert chart.children[0].text and chart.children[1].text
    named = {id(e) for chart in root.all("svg", role="img") for e in chart.walk()}
    for drawing in root.all("svg"):
        assert (
            drawing.attributes.get("role") == "img"
            or "aria-hidden" in drawing.attributes
            or id(drawing) in named
        )
    assert all(e.attributes.get("scope") in ("col", "row", "rowgroup") for e in root.all("th"))


def test_only_the_run_section_shows_the_run(report: Report) -> None:
    other = replace(report, run={"started": "2031-01-01", "seconds": {"x": 9.75}})
    cut = re.compile('<section id="run">.*?</section>', re.DOTALL)
    pages = [render_html(each) for each in (report, other)]
    assert pages[0] != pages[1]
    assert [len(cut.findall(page)) for page in pages] == [1, 1]
    assert cut.sub("", pages[0]) == cut.sub("", pages[1])


def test_another_process_makes_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.render.hostile import hostile; from audit.render.html import render_html;"
        "sys.stdout.buffer.write(render_html(hostile()).encode())"
    )
    root = Path(__file__).parents[2]
    made = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=root,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert made[0] == made[1] == render_html(hostile()).encode()


def test_rendering_imports_no_framework() -> None:
    code = "import sys, audit.render.html; print(*sys.modules)"
    root = Path(__file__).parents[2]
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, check=True, text=True
    ).stdout.split()
    assert {"tensorflow", "aif360", "pandas", "numpy", "scipy", "shap"}.isdisjoint(loaded)


def test_a_thorough_report_stays_small() -> None:
    assert sum(len(check.measurements) for check in large().checks) > 1000
    assert len(render_html(large()).encode()) < 500_000


def test_every_measurement_stands_in_a_table(report: Report) -> None:
    """Counted by rows: each measurement has one where its check is shown."""
    root = parse(render_html(report))
    for check, section in zip(report.checks, root.all("article", class_="check"), strict=True):
        rows = [e for table in section.all("table") for e in table.all("th", scope="row")]
        bins = sum(len(figure.all("th", scope="row")) for figure in section.all("figure", class_="curve"))
        assert len(rows) - bins == len(check.measurements)
