"""All sample reports by name, and pictures of them.

``python -m tests.formats.html.gallery FOLDER`` draws each: light, dark, on a narrow screen, and as printed pages.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser

from audit.formats.html.page import render_html
from docs.chromium import chromium

from .hostile import hostile
from .large import large
from .many import many_classes, many_groups
from .pictured import masked, pictured
from .samples import full, inconclusive, passing, small
from .swept import over_thresholds
from .wide import wide
from .worded import worded

REPORTS = {
    "small": small,
    "full": full,
    "passing": passing,
    "inconclusive": inconclusive,
    "hostile": hostile,
    "large": large,
    "wide": wide,
    "pictured": pictured,
    "masked": masked,
    "worded": worded,
    "thresholds": over_thresholds,
    "many classes": many_classes,
    "many groups": many_groups,
}

_SCREENS = {"light": 1280, "dark": 1280, "narrow": 360}
"""Width of the screen, in pixels, by the name of the picture."""


def draw(browser: Browser, page: Path) -> None:
    """Draw a page beside its file: a PNG for each screen, and a PDF of what is printed."""
    for name, width in _SCREENS.items():
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if name == "dark" else "light"
        )
        tab = context.new_page()
        tab.goto(page.resolve().as_uri())
        tab.screenshot(path=page.with_name(f"{page.stem}-{name}.png"), full_page=True)
        if name == "light":
            tab.pdf(path=page.with_suffix(".pdf"), prefer_css_page_size=True, print_background=True)
        context.close()


def main(folder: Path) -> None:
    """Write and draw all reports."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name, make in REPORTS.items():
            page = folder / f"{name.replace(' ', '-')}.html"
            page.write_text(render_html(make()), encoding="utf-8")
            draw(browser, page)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
