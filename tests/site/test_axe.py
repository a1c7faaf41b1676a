"""The site's accessibility by axe-core, in both colour schemes, on a wide and on a narrow screen."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Page

from ..formats.html.test_scripts import AXE, VIOLATIONS
from .test_requests import address, page, pytestmark  # noqa: F401  fixtures, and the condition of all

PAGES = ["index", "get-started", "policy", "monitoring", "reference/commands"]


@pytest.mark.skipif(not AXE.exists(), reason=f"needs axe-core: npm ci --prefix {AXE.parents[2]}")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_violation(
    page: Page, address: str, width: int, scheme: Literal["light", "dark"]  # noqa: F811
) -> None:  # fmt: skip
    browser = page.context.browser
    assert browser
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
        bypass_csp=True,
    )
    tab = context.new_page()
    violations = {}
    for name in PAGES:
        tab.goto(f"{address}/{name}.html")
        tab.add_script_tag(path=AXE)
        violations[name] = tab.evaluate(VIOLATIONS)
    assert violations == {name: [] for name in PAGES}
