"""The page as a whole: the golden file, what it must and must not hold, and that it repeats."""

import base64
import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from audit.formats.html.page import render_html
from audit.result import Table

from .attacked import robustness
from .attributions import explainability
from .builders import performance
from .gallery import REPORTS
from .large import large
from .pages import Element, parse
from .samples import full, passing
from .wide import wide

GOLDEN = Path(__file__).parent / "golden"
TEMPLATES = Path(__file__).parents[3] / "reports" / "templates"
SAMPLES = {
    name: REPORTS[name] for name in ("small", "full", "passing", "inconclusive", "hostile", "large", "wide")
}


OWN_FILES = re.compile(
    "(?<=<style>).*?(?=</style>)|(?<=<script>).*?(?=</script>)|(?<=script-src 'sha256-)[^']*", re.DOTALL
)


@cache
def rendered(name: str) -> str:
    return render_html(SAMPLES[name]())


@cache
def page(name: str) -> Element:
    return parse(rendered(name))


@pytest.fixture(params=SAMPLES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("golden", ["small", "full"])
def test_the_report_is_the_golden_file(golden: str) -> None:
    """Written anew by ``AUDIT_WRITE_GOLDEN=1 pytest tests/formats/html/test_html.py``; look at the difference.

    Here the wording is pinned, and nowhere else. Style sheets and script are files of their own, and left out.
    """
    shown, count = OWN_FILES.subn("", rendered(golden))
    file = GOLDEN / f"{golden}.html"
    if os.environ.get("AUDIT_WRITE_GOLDEN"):
        file.write_text(shown, encoding="utf-8")
    assert count == 3 and shown == file.read_text(encoding="utf-8")


def test_the_style_sheets_are_in_the_page_as_they_are() -> None:
    css = page("small").all("style")[0].text
    for file in ("report.css", "sections.css"):
        assert " ".join((TEMPLATES / file).read_text("utf-8").split()) in css


def test_nothing_is_loaded_and_only_the_script_of_the_page_runs(name: str) -> None:
    root = page(name)
    tags = {element.tag for element in root.walk()}
    assert tags.isdisjoint({"img", "iframe", "object", "embed", "form", "base", "foreignobject", "image"})
    assert [link.attributes["href"] for link in root.all("link")] == ["data:,"]
    for element in root.walk():
        assert not [name for name in element.attributes if name.startswith("on") or name in ("src", "style")]
        assert (element.attributes.get("href") or "#").startswith(("#", "data:,"))
    (policy,) = root.all("meta", **{"http-equiv": "Content-Security-Policy"})
    rules = dict(rule.strip().split(" ", 1) for rule in str(policy.attributes["content"]).split(";"))
    (script,) = root.all("script")
    content = "".join(script.parts)
    assert content.strip() == (TEMPLATES / "page.js").read_text("utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    assert rules["default-src"] == "'none'" and rules["script-src"] == f"'sha256-{digest}'"
    css = root.all("style")[0].text
    assert "url(" not in css and "@import" not in css


def test_links_lead_somewhere_and_ids_are_unique(name: str) -> None:
    elements = list(page(name).walk())
    ids = [e.attributes["id"] for e in elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    targets = {
        str(e.attributes["href"])[1:] for e in elements if str(e.attributes.get("href", "")).startswith("#")
    }
    assert targets <= set(ids)


def test_headings_charts_and_tables_can_be_read_aloud(name: str) -> None:
    root = page(name)
    levels = [int(e.tag[1]) for e in root.walk() if re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    for chart in root.all("svg", role="img"):
        assert [child.tag for child in chart.children[:2]] == ["title", "desc"]
        assert chart.children[0].text and chart.children[1].text
    for plot in root.all("table"):
        if str(plot.attributes.get("class")).startswith("plot"):
            assert plot.all("caption")[0].text and not plot.all("svg", role="img")
    named = {id(e) for chart in root.all("svg", role="img") for e in chart.walk()}
    for drawing in root.all("svg"):
        assert (
            drawing.attributes.get("role") == "img"
            or "aria-hidden" in drawing.attributes
            or id(drawing) in named
        )
    assert all(e.attributes.get("scope") in ("col", "row", "rowgroup") for e in root.all("th"))


def test_only_the_run_section_shows_the_run(name: str) -> None:
    day = str(SAMPLES[name]().run.get("started"))[
        :10
    ]  # which the verdict compares with the date of the waivers
    other = replace(
        SAMPLES[name](), run={"started": f"{day}T23:59:59" if day != "None" else None, "seconds": {"x": 9.75}}
    )
    cut = re.compile('<section id="run">.*?</section>', re.DOTALL)
    pages = [rendered(name), render_html(other)]
    assert pages[0] != pages[1]
    assert [len(cut.findall(page)) for page in pages] == [1, 1]
    assert cut.sub("", pages[0]) == cut.sub("", pages[1])


def test_another_process_makes_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys; from tests.formats.html.hostile import hostile; from audit.formats.html.page import render_html;"
        "sys.stdout.buffer.write(render_html(hostile()).encode())"
    )
    root = Path(__file__).parents[3]
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
    assert made[0] == made[1] == rendered("hostile").encode()


def test_rendering_imports_no_framework() -> None:
    code = "import sys, audit.formats.html.page; print(*sys.modules)"
    root = Path(__file__).parents[3]
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, check=True, text=True
    ).stdout.split()
    assert {"tensorflow", "aif360", "pandas", "numpy", "scipy", "shap"}.isdisjoint(loaded)


def test_a_thorough_report_stays_small() -> None:
    assert sum(len(check.measurements) for check in large().checks) > 1000
    assert len(rendered("large").encode()) < 520_000
    assert sum(len(check.measurements) for check in wide().checks) > 2000
    assert len(rendered("wide").encode()) < 800_000


def test_every_measurement_stands_in_a_table(name: str) -> None:
    """Counted by cells: where its check is shown, each measurement has one with its value."""
    root = page(name)
    for check, section in zip(SAMPLES[name]().checks, shown_checks(root), strict=True):
        in_sentences = sum(m.metric.endswith(".proxy_auc") for m in check.measurements)
        shown = sum(map(_measurements, section.all("table"))) + in_sentences
        assert shown == len(check.measurements) + _curved(section)


def shown_checks(root: Element) -> list[Element]:
    return [e for e in root.all("article") if str(e.attributes["class"]).startswith("check")]


def _measurements(shown: Element) -> int:
    kind = str(shown.attributes.get("class"))
    if "families" in kind:
        return sum(
            bool(cell.text) for row in shown.all("tr") if row.all("th", scope="row") for cell in row.all("td")
        )
    if "rates" in kind or "matrix" in kind:
        return 0  # of the performance check, shown there
    if "proxies" in kind:
        return len(shown.all("th", scope="row"))  # beside its own figure, a row repeats the feature's share
    if "features" in kind:
        return sum(bool(cell.text) and not cell.all("svg") for cell in shown.all("td"))
    if "sizes" in kind:
        # Beside its label, a row holds the number of rows and one cell a size.
        return sum(sum(bool(c.text) for c in row.all("td")) - 1 for row in shown.all("tr") if row.all("td"))
    return 0 if "evidence" in kind else len(shown.all("th", scope="row"))


def _curved(section: Element) -> int:
    return sum(len(figure.all("th", scope="row")) for figure in section.all("figure", class_="curve"))


def test_what_a_section_shows_is_not_drawn_again() -> None:
    sections = shown_checks(page("full"))
    assert [len(s.all("details", class_="metric")) for s in sections] == [1, 0, 0, 0]


def test_a_table_that_no_chart_is_made_of_is_shown_as_it_is() -> None:
    own = Table(
        name="odd rows",
        about="Of a plug-in.",
        columns={"row": [7, None], "why": ["far", ""], "x": [0.25, True]},
    )
    damaged = Table(name="beeswarm", about="Without its columns.", columns={"feature": ["age"]})
    many = Table(name="many", about="", columns={"n": list(range(900))})
    checks = [replace(performance(), tables=[own]), replace(explainability(), tables=[damaged, many])]
    sections = shown_checks(parse(render_html(replace(full(), checks=checks))))
    shown = [
        [t for t in s.all("details", class_="table") if t.all("table", class_="evidence")] for s in sections
    ]
    assert [t.all("summary")[0].text for part in shown for t in part] == [
        "Table: odd rows", "Table: beeswarm", "Table: many",
    ]  # fmt: skip
    assert [cell.text for cell in shown[0][0].all("th")] == ["row", "why", "x"]
    assert [cell.text for cell in shown[0][0].all("td")] == ["7", "far", "0.250", "", "", "yes"]
    assert len(shown[1][1].all("td")) == 500 and "The first 500 of 900 rows" in shown[1][1].text


PARTS: list[tuple[str, Any]] = [("tables", []), ("measurements", []), ("metrics", {})]


@pytest.mark.parametrize("missing", [PARTS[:1], PARTS[1:2], PARTS])
def test_sections_show_what_there_is(missing: list[tuple[str, Any]]) -> None:
    checks = [replace(check(), **dict(missing)) for check in (explainability, robustness)]
    root = parse(render_html(replace(full(), checks=checks)))
    parts = [[h.text for h in a.all("h4")] for a in shown_checks(root)]
    attribution = (
        [
            "Values over all rows",
            "Feature importance",
            "Attribution on protected attributes",
            "Proxies for protected attributes",
        ],
        ["Attribution by feature value", "Explained rows"],
    )
    attacks = (
        [
            "Values over all rows",
            "Accuracy under attack, by attack size",
            "Accuracy under attack, by group",
            "Rows without a gradient",
        ],
        ["Smallest changes that flipped a decision", "Columns that the attacks could change"],
    )
    names = [name for name, _ in missing]
    if names == ["tables"]:
        assert parts == [attribution[0], attacks[0]]
    elif names == ["measurements"]:
        # Which features count most is unknown without measurements, and so which to draw.
        assert parts == [["Explained rows"], attacks[1]]
    else:
        assert parts == [[], []]


def test_required_approvals_are_shown() -> None:
    report = passing()
    effective: Any = report.policy.effective
    gate = effective["gate"] | {"approvals": {"count": 2, "keys": ["a", "b", "c"]}}
    policy = replace(report.policy, effective=effective | {"gate": gate})
    text = "2 of 3 named keys, required for promotion"
    assert text in render_html(replace(report, policy=policy)) and text not in render_html(report)
