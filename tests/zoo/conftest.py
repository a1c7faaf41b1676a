"""A kind is built and audited once for all tests of its class."""

from __future__ import annotations

import pytest

from .audited import Audited, audit
from .kind import Kind

pytest.register_assert_rewrite("tests.zoo.suite")


@pytest.fixture(scope="class")
def audited(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """The kind that the class is at, audited; nothing more is tested of one that is not."""
    found = audit(kind, tmp_path_factory.mktemp("zoo"))
    assert found.code in (0, 1, 3), f"exit code {found.code}: the message stands above"
    return found
