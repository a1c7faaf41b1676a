"""The pictures of the site: drawn from a page of today, marked, and asked for by the pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from audit.formats.html.page import render_html
from docs.screenshots import PICTURES, WIDTH, Picture, draw

from ..browser import needs_chromium
from ..formats.html.samples import full
from .pages import ROOT, Parsed, build

MARK = (194, 24, 91)
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(full()), "utf-8")
    return path


@pytest.fixture(scope="module")
def pictures(report: Path) -> Path:
    draw(report, report.parent / "pictures")
    return report.parent / "pictures"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_shows_its_part_with_its_marks(pictures: Path, name: str) -> None:
    image = Image.open(pictures / f"{name}.png").convert("RGB")
    colours = {colour: count for count, colour in image.getcolors(maxcolors=2**24) or []}
    assert image.width == WIDTH and 50 < image.height <= PICTURES[name].height
    assert colours.get(MARK, 0) > 100 * len(PICTURES[name].marks)


def test_the_site_with_its_pictures_builds_strictly_and_shows_them(pictures: Path, tmp_path: Path) -> None:
    done = build(tmp_path, AUDIT_DOCS_PICTURES=str(pictures))
    assert done.returncode == 0, done.stderr
    page = Parsed((tmp_path / "how-to-read-a-report.html").read_text("utf-8"))
    shown = {load for load in page.loads if load.startswith("pictures/")}
    assert shown == {f"pictures/{name}.png" for name in PICTURES}
    assert all((tmp_path / load).is_file() for load in shown)
    sources = [source.read_text("utf-8") for source in (ROOT / "docs").rglob("*.md")]
    assert {name for text in sources for name in re.findall(r"<!-- picture: ([\w-]+) ", text)} == set(
        PICTURES
    )


@pytest.mark.parametrize("picture", [Picture("#nothing"), Picture("#rules", [".nothing"])])
def test_a_selector_that_finds_nothing_ends_the_build(report: Path, tmp_path: Path, picture: Picture) -> None:
    with pytest.raises(LookupError, match=r"nothing' finds nothing on the page"):
        draw(report, tmp_path, {"x": picture})
