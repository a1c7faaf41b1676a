"""What the page's script adds, and the accessibility of the page, in a real browser with scripts on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from .gallery import REPORTS
from .test_browser import files, pytestmark  # noqa: F401  a fixture, and the condition of all

AXE = Path(__file__).parent / "axe/node_modules/axe-core/axe.min.js"
VIOLATIONS = """async () => (await axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})).violations
  .map(v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200)])"""


@pytest.fixture
def page(browser: Browser, files: dict[str, Path]) -> Iterator[Page]:  # noqa: F811
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    opened.goto(files["small"].as_uri())
    yield opened
    context.close()


def test_search_and_status_filter_rules(page: Page) -> None:
    rules = page.locator(".rule-line:visible")
    total = rules.count()
    page.get_by_label("Search rules").fill("impact RACE")
    assert 0 < rules.count() < total and f"{rules.count()} shown" in page.locator("#shown").inner_text()
    page.get_by_label("Search rules").fill("")
    page.get_by_label("Status").select_option("fail")
    assert rules.count() == page.locator('.rule-line[data-status="fail"]').count() > 0
    page.get_by_label("Status").select_option("")
    assert rules.count() == total


def test_everything_expands_and_folds_again(page: Page) -> None:
    folded = page.locator("details:not([open])")
    before = folded.count()
    page.get_by_role("button", name="Expand all").click()
    assert folded.count() == 0 < before
    page.get_by_role("button", name="Fold all").click()
    assert folded.count() >= before


def test_a_link_to_a_rule_is_copied_and_opens_it(page: Page) -> None:
    page.locator(".rule-line > summary").first.click()
    page.get_by_role("button", name="Copy link").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    address = page.evaluate("navigator.clipboard.readText()")
    anchor = address.partition("#")[2]
    page.goto("about:blank")
    page.goto(address)
    assert page.locator(f"#{anchor}").is_visible()
    page.locator("#verdict a.rule").first.click()
    assert page.locator(page.locator("#verdict a.rule").first.get_attribute("href") or "").is_visible()


def test_a_column_sorts_within_each_attribute(page: Page) -> None:
    cells = page.locator("table.rates tbody").nth(1).locator("tr:not(:first-child) td:nth-child(2)")

    def rows() -> list[int]:
        return [int(text.replace(",", "")) for text in cells.all_inner_texts()]

    head = page.locator("table.rates th button", has_text="Rows")
    head.click()
    assert rows() == sorted(rows(), reverse=True) and len(rows()) > 2
    head.click()
    assert rows() == sorted(rows())


def test_the_address_can_ask_for_everything_on_paper(page: Page, files: dict[str, Path]) -> None:  # noqa: F811
    page.goto(files["small"].as_uri() + "?full")
    assert page.locator("#print-all").is_checked()
    assert page.locator("details:not([open])").count() == 0


@pytest.mark.skipif(not AXE.exists(), reason=f"needs axe-core: npm ci --prefix {AXE.parents[2]}")
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", REPORTS)
def test_axe_finds_no_violation_closed_and_open(
    browser: Browser, files: dict[str, Path], name: str, width: int  # noqa: F811
) -> None:  # fmt: skip
    context = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.goto(files[name].as_uri())
    page.add_script_tag(path=AXE)
    assert page.evaluate(VIOLATIONS) == []
    page.evaluate("document.querySelectorAll('details').forEach(folded => { folded.open = true })")
    assert page.evaluate(VIOLATIONS) == []
    context.close()
