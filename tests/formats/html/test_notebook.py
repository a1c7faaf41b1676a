"""The output of a notebook: one frame whose page runs nothing, asks for nothing, and shows any name as text."""

from __future__ import annotations

import pytest

from audit.formats.html.notebook import render_frame, render_page
from audit.result import Report

from ..hostile_names import NAMES, named
from .hostile import hostile
from .large import large
from .pages import Element, Page, parse
from .samples import full, inconclusive, passing, small

SAMPLES = {
    "small": small, "full": full, "passing": passing, "inconclusive": inconclusive, "hostile": hostile, "large": large,
} | {f"named: {name}": lambda text=text: named(text) for name, text in NAMES.items()}  # fmt: skip


@pytest.fixture(params=SAMPLES)
def report(request: pytest.FixtureRequest) -> Report:
    return SAMPLES[request.param]()


def framed(report: Report, caption: str = "") -> Element:
    """Return the page in the frame, as a browser takes it from the attribute."""
    (frame,) = parse(render_frame(report, caption)).all("iframe")
    return parse(str(frame.attributes["srcdoc"]))


def test_the_output_is_a_caption_and_a_frame_alone(report: Report) -> None:
    page = Page(render_frame(report, report.reason))
    assert [element.tag for element in page.root.walk()] == ["div", "p", "iframe"]
    (frame,) = page.root.all("iframe")
    assert frame.attributes["sandbox"] == "" and frame.attributes["title"] and "src" not in frame.attributes
    assert frame.attributes["srcdoc"] == render_page(report)
    assert page.comments == [] and page.declarations == []


def test_the_page_in_it_runs_and_requests_nothing(report: Report) -> None:
    root = framed(report)
    harmless = {e.tag for sample in (full(), large()) for e in framed(sample).walk()}
    assert {e.tag for e in root.walk()} <= harmless | {"bdi"}
    assert harmless.isdisjoint({"script", "img", "iframe", "object", "embed", "form", "image"})
    (policy,) = root.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert str(policy.attributes["content"]).startswith("default-src 'none'; style-src 'unsafe-inline'")
    for element in root.walk():
        assert not [name for name in element.attributes if name.startswith("on") or name in ("src", "style")]
        assert element.tag == "base" or str(element.attributes.get("href", "#")).startswith("#")


def test_links_lead_somewhere_in_the_frame(report: Report) -> None:
    elements = list(framed(report).walk())
    ids = [e.attributes["id"] for e in elements if "id" in e.attributes]
    hrefs = [str(e.attributes["href"]) for e in elements if e.tag != "base" and "href" in e.attributes]
    assert len(ids) == len(set(ids)) and {href[1:] for href in hrefs} <= set(ids)


def test_it_has_the_verdict_and_every_rule() -> None:
    root = framed(small())
    assert root.all("section", id="verdict")[0].text.startswith("FAIL")
    assert len(root.all("article")) == len(small().rules) and root.all("table", class_="plot ruled")


def test_it_stays_small() -> None:
    assert len(render_frame(large(), "")) < 2_000_000
