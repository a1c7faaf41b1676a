"""The page in a real browser with scripts off: no request, no overflow, readable in every scheme."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from audit.formats.html.page import render_html

from ...browser import needs_chromium
from .gallery import REPORTS

LEVELS = tuple(f"--q{level}" for level in range(7))
pytestmark = needs_chromium

# For each text: its colour against the nearest background behind it, by the formula of WCAG 2.
LOW_CONTRAST = """() => {
  const rgb = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = c => { const [r, g, b] = rgb(c).map(v => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (rgb(c)[3] !== 0) return c; } return 'rgb(255, 255, 255)'; };
  const found = [], seen = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement, s = getComputedStyle(e);
    if (!walk.currentNode.data.trim() || e.closest('title, desc, style')) continue;
    const ink = e.closest('svg') ? s.fill : s.color, paper = behind(e);
    const [a, b] = [light(ink), light(paper)].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
    seen.add(ink);
    if (ratio < 4.5) found.push([e.className.baseVal || e.className, ink, paper, ratio]);
  }
  return {found, seen: seen.size};
}"""

# The texts of every chart that share ground with another text of it, by more than a hair.
OVERLAPS = """() => [...document.querySelectorAll('svg[role=img], svg.foot, .plot svg')].flatMap(chart => {
  const texts = [...chart.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
  return texts.flatMap(([a, p], i) => texts.slice(i + 1).filter(([b, q]) => p.width && q.width &&
    Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1 &&
    Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 4).map(([b]) => [a, b]));
})"""

# The ticks of interval plots are drawn from symbols, whose texts have no place of their own: they are measured here.
TICKS_OVERLAP = """() => { const pen = document.createElement('canvas').getContext('2d');
  pen.font = '11.5px ' + getComputedStyle(document.body).fontFamily;
  return [...document.querySelectorAll('.plot tfoot svg')].flatMap(svg => {
    const width = svg.getBoundingClientRect().width;
    const symbol = document.getElementById(svg.querySelector('use').getAttribute('href').slice(1));
    const texts = [...symbol.querySelectorAll('text')].map(t => [t.textContent,
      parseFloat(t.getAttribute('x')) / 100 * width, pen.measureText(t.textContent).width / 2]);
    return texts.slice(1).map((b, i) => [texts[i], b])
      .filter(([a, b]) => width && b[1] - a[1] < a[2] + b[2] + 1).map(([a, b]) => [a[0], b[0], width]);
  }) }"""

# Rows of interval plots whose label or value shares ground with the chart.
LABEL_ON_CHART = """() => [...document.querySelectorAll('.plot tbody tr')].flatMap(row => {
  const chart = row.querySelector('svg').getBoundingClientRect();
  return [...row.cells].filter(cell => !cell.querySelector('svg')).filter(cell => {
    const range = document.createRange(); range.selectNodeContents(cell);
    const b = range.getBoundingClientRect();
    return chart.width && b.width && Math.min(b.right, chart.right) - Math.max(b.left, chart.left) > 1 &&
      Math.min(b.bottom, chart.bottom) - Math.max(b.top, chart.top) > 2 }).map(cell => cell.textContent);
})"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    for name, make in REPORTS.items():
        (folder / f"{name}.html").write_text(render_html(make()), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in REPORTS}


def show(browser: Browser, file: Path, width: int, height: int = 800, scheme: str = "light") -> Page:
    """Open ``file`` with scripts off; every address that is asked for is noted on the page object."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=False,
        color_scheme="dark" if scheme == "dark" else "light",
    )  # fmt: skip
    page = context.new_page()
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_else_is_requested(browser: Browser, files: dict[str, Path], name: str) -> None:
    # Scripts stay on here: a hostile one that ran could ask for more.
    page = browser.new_context().new_page()
    asked: list[str] = []
    dialogs: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.goto(files[name].as_uri(), wait_until="networkidle")
    assert [url for url in asked if not url.startswith("data:")] == [files[name].as_uri()]
    assert dialogs == []
    page.context.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", REPORTS)
def test_nothing_overflows_the_screen(
    browser: Browser, files: dict[str, Path], name: str, width: int
) -> None:
    page = show(browser, files[name], width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate("document.querySelectorAll('details').forEach(folded => { folded.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    outside = page.evaluate(
        "[...document.querySelectorAll('svg text')].filter(t => { const b = t.getBoundingClientRect();"
        "return b.width && (b.right > innerWidth + 1 || b.left < -1) }).map(t => t.textContent)"
    )
    assert outside == []
    page.context.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["full", "wide", "pictured", "thresholds"])
def test_no_label_covers_another(browser: Browser, files: dict[str, Path], name: str, width: int) -> None:
    page = show(browser, files[name], width)
    page.evaluate("document.querySelectorAll('details').forEach(folded => { folded.open = true })")
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(TICKS_OVERLAP) == []
    assert page.evaluate(LABEL_ON_CHART) == []
    page.context.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_no_cell_of_the_sections_leaves_its_card(
    browser: Browser, files: dict[str, Path], width: int
) -> None:
    page = show(browser, files["full"], width)
    outside = page.evaluate(
        "[...document.querySelectorAll('.check .features *, .check .plot *, .check svg *')].filter(e => {"
        "const b = e.getBoundingClientRect(), c = e.closest('.check').getBoundingClientRect();"
        "const shown = b.width && !e.closest('.scroll');"
        "return shown && (b.right > c.right + 1 || b.left < c.left - 1) }).map(e => e.outerHTML)"
    )
    assert outside == []
    page.context.close()


@pytest.mark.parametrize(
    ("name", "word"),
    [(name, {"passing": "PASS", "inconclusive": "INCONCLUSIVE"}.get(name, "FAIL")) for name in REPORTS],
)
def test_the_verdict_is_on_the_first_screen(
    browser: Browser, files: dict[str, Path], name: str, word: str
) -> None:
    page = show(browser, files[name], 1280)
    heading = page.locator("#verdict h2")
    box = heading.bounding_box()
    assert heading.inner_text() == word
    assert box is not None and box["y"] + box["height"] < 800
    page.context.close()


def test_what_blocked_is_on_the_first_screen(browser: Browser, files: dict[str, Path]) -> None:
    page = show(browser, files["small"], 1280)
    box = (
        page.locator("#verdict")
        .get_by_text("Disparate impact (sex: Female against Male) is 0.510")
        .bounding_box()
    )
    assert box is not None and box["y"] + box["height"] < 800
    page.context.close()


def test_tables_unfold_by_click_and_by_key(browser: Browser, files: dict[str, Path]) -> None:
    page = show(browser, files["small"], 1280)
    summary = page.locator("details.rule-line", has=page.locator("#rule-3")).locator("> summary")
    table = page.locator("#rule-3 table")
    assert not table.is_visible()
    summary.click()
    assert table.is_visible()
    summary.press("Enter")
    assert not table.is_visible()
    page.context.close()


def test_a_long_name_unfolds_when_its_number_is_followed(browser: Browser, files: dict[str, Path]) -> None:
    page = show(browser, files["hostile"], 1280)
    page.locator("h1 a.full").click()
    assert page.locator("#name-1").is_visible()
    page.context.close()


def test_paper_shows_what_is_folded_only_if_asked_for(browser: Browser, files: dict[str, Path]) -> None:
    page = show(browser, files["small"], 800)
    folded = page.locator("#rule-3 table")
    page.emulate_media(media="print")
    assert not folded.is_visible() and not page.locator("#check-1").is_visible()
    assert page.locator("#check-2").is_visible() and not page.locator("nav").is_visible()
    page.emulate_media(media="screen")
    page.locator("#print-all").check()
    page.emulate_media(media="print")
    assert folded.is_visible() and page.locator("#check-1").is_visible()
    page.context.close()


@pytest.mark.parametrize(
    "name", ["small", "full", "passing", "inconclusive", "pictured", "worded", "thresholds"]
)
def test_four_printed_pages_are_enough(browser: Browser, files: dict[str, Path], name: str) -> None:
    page = show(browser, files[name], 1280)
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) <= 4
    page.context.close()


@pytest.mark.parametrize("name", ["small", "full", "passing", "inconclusive"])
def test_page_one_is_one_screen(browser: Browser, files: dict[str, Path], name: str) -> None:
    page = show(browser, files[name], 1280, 900)
    box = page.locator("#verdict").bounding_box()
    assert box is not None and box["y"] + box["height"] <= 900
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_what_is_behind_them(
    browser: Browser, files: dict[str, Path], scheme: str
) -> None:
    page = show(browser, files["full"], 1280, scheme=scheme)
    measured = page.evaluate(LOW_CONTRAST)
    assert measured["seen"] > 6
    assert measured["found"] == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_stand_out_from_the_band_and_the_card(
    browser: Browser, files: dict[str, Path], scheme: str
) -> None:
    page = show(browser, files["small"], 1280, scheme=scheme)
    names = (
        "--pass",
        "--fail",
        "--inconclusive",
        "--waived",
        "--data",
        "--soft",
        "--limit",
        "--card",
        "--band",
        "--ink",
        *LEVELS,
    )
    colours = page.evaluate(
        "names => names.map(n => getComputedStyle(document.documentElement).getPropertyValue(n).trim())",
        list(names),
    )
    named = dict(zip(names, colours, strict=True))
    for mark in ("--pass", "--fail", "--inconclusive", "--data", "--soft", "--limit"):
        for ground in ("--card", "--band"):
            assert contrast(named[mark], named[ground]) >= 3, (mark, ground)
    for level in LEVELS:
        assert contrast(named[level], named["--card"]) >= 3, level
    # Labels cross the shaded band.
    assert (
        contrast(named["--ink"], named["--band"]) >= 4.5 and contrast(named["--soft"], named["--band"]) >= 4.5
    )
    page.context.close()


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two ``#rrggbb`` colours by WCAG 2."""
    low, high = sorted(luminance(colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
