"""The browser that pages are tested in."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from docs.chromium import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened
