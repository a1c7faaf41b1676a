"""The condition of tests that look at pages."""

import pytest

from docs.chromium import EXECUTABLE

needs_chromium = pytest.mark.skipif(EXECUTABLE is None, reason="needs a browser: apt-get install chromium")
