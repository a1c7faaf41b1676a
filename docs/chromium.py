"""Chromium without a window: what draws the pictures of the docs, and what pages are tested in."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

EXECUTABLE = shutil.which("chromium")
"""None if it is not installed."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Context with a browser that asks no host but those of its pages."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=arguments)
        yield browser
        browser.close()
