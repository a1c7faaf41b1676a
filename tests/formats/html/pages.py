"""Reads a page with the standard library's parser, so that tests see what a reader's browser would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

BLOCK = {
    "p",
    "div",
    "li",
    "ul",
    "td",
    "th",
    "dt",
    "dd",
    "h1",
    "h2",
    "h3",
    "h4",
    "summary",
    "figcaption",
    "text",
}
VOID = {"base", "meta", "link", "br", "hr", "img", "input", "wbr"}


@dataclass
class Element:
    """One element; ``text`` is all text in it, ``nth`` its children."""

    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.parts).split())

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {key.rstrip("_"): value for key, value in attributes.items()}
        return [e for e in self.walk() if e.tag == tag and wanted.items() <= e.attributes.items()]

    def walk(self) -> Iterator[Element]:
        for child in self.children:
            yield child
            yield from child.walk()


class Page(HTMLParser):
    """Builds the tree and refuses what is not nested properly."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("page")
        self.open = [self.root]
        self.declarations: list[str] = []
        self.comments: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [self.root], f"never closed: {[e.tag for e in self.open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute stands twice: {attrs}"
        self.open[-1].children.append(element := Element(tag, dict(attrs)))
        if tag in BLOCK:
            self.handle_data(" ")
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> closes another element"
        if tag in BLOCK:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.parts.append(data)

    def handle_decl(self, decl: str) -> None:
        self.declarations.append(decl)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def parse(html: str) -> Element:
    """Return the root of the parsed page."""
    return Page(html).root
