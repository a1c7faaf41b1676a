"""The built site."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import pages


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site without pictures, built strictly."""
    out = tmp_path_factory.mktemp("site")
    done = pages.build(out, AUDIT_DOCS_PICTURES="no")
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="session")
def parsed(site: Path) -> dict[Path, pages.Parsed]:
    """Every page of the site, by its file."""
    return {file: pages.Parsed(file.read_text("utf-8")) for file in sorted(site.rglob("*.html"))}
