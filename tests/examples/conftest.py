"""The raw UCI files: from AUDIT_TEST_DATA, or beside the checkout; without them, tests are skipped."""

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def raw_data() -> Path:
    folder = Path(os.environ.get("AUDIT_TEST_DATA", BESIDE))
    if not (folder / "adult" / "adult.test").is_file():
        pytest.skip(f"the raw UCI files are not in {folder}; set AUDIT_TEST_DATA to their folder")
    return folder
