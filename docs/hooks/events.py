"""What MkDocs calls while it builds the site: generated pages, links, and pictures."""

from __future__ import annotations

import logging
import posixpath
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docs.hooks import navigation, outside, pictures
from docs.hooks.reference import REFERENCE

ROOT = Path(__file__).resolve().parents[2]
_LOG = logging.getLogger("mkdocs.hooks")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the folders of the navigation with their pages."""
    config.nav = navigation.expand(config.nav or [], Path(config.docs_dir), list(REFERENCE))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from code, the changelog, and the pictures that were drawn."""
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    pages = {path: write() for path, write in REFERENCE.items()}
    pages["changelog.md"] = outside.relink(changelog, "", "changelog.md")
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    for picture in pictures.drawn():
        files.append(File.generated(config, f"pictures/{picture.name}", abs_src_path=str(picture)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links inside the site, and put in the pictures; a missing one is a warning, which --strict refuses."""
    path = page.file.src_uri
    text, missing = pictures.insert(markdown, path)
    for name in missing:
        _LOG.warning("%s: the picture %s is missing: %s", path, name, pictures.HOW)
    if page.file.generated_by:
        return text
    return outside.relink(text, posixpath.join(outside.DOCS, posixpath.dirname(path)), path)


def on_env(env: Any, config: MkDocsConfig, files: Files) -> Any:
    """Say on every build without pictures that it has none."""
    if pictures.left_out():
        _LOG.info("Pictures are left out: %s", pictures.HOW)
    return env
