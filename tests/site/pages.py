"""The site, built once for all tests, and what its pages load and link to, read by an HTML parser."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]

_LOADS = {"action", "data", "formaction", "poster", "src", "srcset", "xlink:href"}
"""Attributes whose address a browser asks for, now or when a form is sent."""


def build(out: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Build the site into ``out`` as `make docs` does."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    env = os.environ | {"NO_MKDOCS_2_WARNING": "1"} | environment
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@dataclass
class Parsed(HTMLParser):
    """A page: addresses that it loads, links to other places, anchors, the policy for browsers, and paragraphs."""

    text: str
    loads: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    policies: list[str] = field(default_factory=list)
    paragraphs: list[str] = field(default_factory=list)
    title: str = ""
    _inside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        self.loads += [value for name, value in values.items() if name in _LOADS]
        if tag == "link" and values.get("rel") not in ("canonical", "next", "prev", "alternate"):
            self.loads.append(values["href"])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policies.append(values["content"])
        if tag == "p":
            self.paragraphs.append("")
        if tag in ("p", "title", "code"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            self._inside.remove(tag)

    def handle_data(self, data: str) -> None:
        if "title" in self._inside:
            self.title += data
        if "p" in self._inside and "code" not in self._inside:
            self.paragraphs[-1] += data


def is_foreign(address: str) -> bool:
    """Return whether an address names a host, or a scheme other than that of the page and of inline data."""
    parts = urlsplit(address.strip())
    return bool(parts.netloc) or parts.scheme not in ("", "data")


def target(page: Path, link: str) -> tuple[Path, str]:
    """Return the file that a link of a page leads to, and the anchor in it.

    The page of errors is served under any address: its links begin at the root of the site.
    """
    parts = urlsplit(link.removeprefix("/") if page.name == "404.html" else link)
    place = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    return (place / "index.html" if place.is_dir() else place), unquote(parts.fragment)
