"""Draws the pictures of docs/how-to-read-a-report.md: the demo's report in Chromium, with numbered markers.

Run as ``python -m docs.screenshots`` by `make docs`. The demo is audited once, into .cache; its page is rendered anew
each time, so that a picture shows the page as it is today. A selector that finds nothing ends the build.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page

from docs.chromium import chromium
from docs.hooks.pictures import ROOT, folder

README = ROOT / "docs" / "report.png"
"""The picture of the README: ``python -m docs.screenshots --readme`` draws it anew."""

DEMO = ROOT / ".cache" / "docs" / "audit-demo"
WIDTH = 1000
"""Width of the browser's window, in pixels: about that of a column of the site, so that texts stay readable."""


@dataclass(frozen=True)
class Picture:
    """A part of the page, and what is marked in it.

    ``part`` is a CSS selector; ``marks`` are selectors inside it, numbered from 1: the first place that each finds.
    ``opens`` is what is unfolded first, ``height`` cuts the picture off below, in pixels.
    """

    part: str
    marks: Sequence[str] = ()
    height: int = 900
    opens: str = ""


PICTURES: Mapping[str, Picture] = {
    "verdict": Picture(
        "#verdict", ["h2", ".reasons p", ".figures dd", ".bars", ".figures-side h3:last-of-type"]
    ),
    "rules": Picture(
        "#rules", [".status-group h3", ".rule-line h4", ".status", "table.plot"], opens=".rule-line"
    ),
    "performance": Picture(".check", ["table.overall", "table.matrix", "svg.rates-curve"]),
    "fairness": Picture(".prints", ["table.rates"], height=600),
}
"""By the name that a page gives the picture."""

_MARK = """(place, number) => {
  const box = place.getBoundingClientRect(), mark = document.createElement("span");
  mark.className = "screenshot-mark";
  mark.textContent = number;
  mark.style.cssText = `position: absolute; z-index: 9; left: ${Math.max(2, box.left + scrollX - 26)}px;
    top: ${box.top + scrollY}px; width: 22px; height: 22px; border-radius: 11px; text-align: center;
    font: bold 14px/22px sans-serif; background: #c2185b; color: white`;
  document.body.append(mark);
}"""


def draw(report: Path, out: Path, pictures: Mapping[str, Picture] = PICTURES) -> list[Path]:
    """Draw pictures of a report's page.

    Args:
        report: The `report.html`.
        out: The folder for the pictures, which are called as in ``pictures``, with the ending `.png`.
        pictures: What to draw.

    Raises:
        LookupError: A selector finds nothing: the page has changed, and `PICTURES` has to.
    """
    out.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": WIDTH, "height": 900})
        page.goto(report.resolve().as_uri())
        return [_draw(page, picture, out / f"{name}.png") for name, picture in pictures.items()]


def _draw(page: Page, picture: Picture, path: Path) -> Path:
    if picture.opens:
        _first(page, picture.opens).evaluate("folded => { folded.open = true }")
    for number, mark in enumerate(picture.marks, 1):
        _first(page, f"{picture.part} {mark}").evaluate(f"place => ({_MARK})(place, {number})")
    box = _first(page, picture.part).bounding_box()
    assert box is not None  # it is visible: _first waits for that
    height = min(box["height"], picture.height)
    page.screenshot(path=path, full_page=True, clip={"x": 0, "y": box["y"], "width": WIDTH, "height": height})
    page.evaluate("document.querySelectorAll('.screenshot-mark').forEach(mark => mark.remove())")
    return path


def _first(page: Page, selector: str) -> Locator:
    place = page.locator(selector).first
    if not place.is_visible():
        raise LookupError(f"docs/screenshots.py: {selector!r} finds nothing on the page: correct PICTURES")
    return place


def demo_page() -> Path:
    """Return the page of the demo's first candidate, rendered anew; the audit itself is made once."""
    report = DEMO / "report-1" / "report.json"
    if not report.exists():
        _audit("demo", "--out", str(DEMO))
    _audit("report", str(report))
    return report.with_suffix(".html")


def _audit(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "audit", *arguments], cwd=ROOT, check=True)


def draw_readme(report: Path) -> Path:
    """Draw page one for the README, without marks, in few colours: the file is kept with the sources."""
    (drawn,) = draw(report, README.parent, {README.stem: Picture("#verdict")})
    Image.open(drawn).convert("RGB").quantize(255).save(drawn, optimize=True)
    return drawn


if __name__ == "__main__":
    page = demo_page()
    pictures = [draw_readme(page)] if "--readme" in sys.argv else draw(page, folder())
    for path in pictures:
        print(path.relative_to(ROOT))
