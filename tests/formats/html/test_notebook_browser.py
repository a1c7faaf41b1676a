"""The output of a notebook in a real browser: the notebook around it stays as it was, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Frame, Page

from audit.formats.html.notebook import render_frame
from audit.result import Report

from ...browser import needs_chromium
from .hostile import hostile
from .samples import full, passing
from .test_browser import LOW_CONTRAST

ADDRESS = "http://notebook.example/lab"
NOTEBOOK = (
    "<!DOCTYPE html><html><body><h2>A heading</h2><p class='verdict card'>A text</p><div id='output'></div>"
)
LOOK = """() => [...document.querySelectorAll('html, body, h2, p.card')].map(e => {
  const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.font, s.margin, s.padding, s.border]; })"""
INSERT = "html => { document.getElementById('output').innerHTML = html }"  # as Jupyter does
SAMPLES = {"full": full, "passing": passing, "hostile": hostile}
pytestmark = needs_chromium


@pytest.fixture(params=["light", "dark"])
def notebook(browser: Any, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 900, "height": 700}, color_scheme=request.param)
    context.route("**/*", lambda route: route.fulfill(body=NOTEBOOK, content_type="text/html"))
    page = context.new_page()
    page.goto(ADDRESS)
    yield page
    context.close()


def insert(notebook: Page, report: Report) -> Frame:
    notebook.evaluate(INSERT, render_frame(report, "<Report fail>"))
    frame = notebook.frames[-1]
    frame.wait_for_selector("#verdict")
    return frame


@pytest.mark.parametrize("name", SAMPLES)
def test_the_notebook_stays_as_it_was(notebook: Page, name: str) -> None:
    asked: list[str] = []
    notebook.on("request", lambda request: asked.append(request.url))
    before = notebook.evaluate(LOOK)
    frame = insert(notebook, SAMPLES[name]())
    assert notebook.evaluate(LOOK) == before and [url for url in asked if url != "about:srcdoc"] == []
    assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("name", SAMPLES)
def test_it_is_readable(notebook: Page, name: str) -> None:
    contrast = insert(notebook, SAMPLES[name]()).evaluate(LOW_CONTRAST)
    assert contrast["found"] == [] and contrast["seen"] > 3


def test_a_link_to_a_rule_leads_to_it_and_not_out_of_the_frame(notebook: Page) -> None:
    frame = insert(notebook, full())
    frame.locator("a.rule").first.click()
    frame.wait_for_function("scrollY > 0")
    assert notebook.url == ADDRESS and frame.url.startswith("about:srcdoc#rule-")
    assert frame.locator("#verdict").count() == 1
