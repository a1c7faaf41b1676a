"""Kinds that cannot be audited: the message says so, and the page too."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import table
from .audited import audit
from .kind import Kind
from .kinds import KINDS

REFUSED = [kind for kind in KINDS if kind.refused]


@pytest.mark.parametrize("kind", REFUSED, ids=[kind.name for kind in REFUSED])
def test_it_is_refused_with_one_message(
    kind: Kind, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = audit(kind, tmp_path)
    message = capsys.readouterr().err
    assert (found.init, found.code) == (3, 2) and kind.refused in message and "expected" in message
    assert not list((tmp_path / "out").glob("report.*"))
    if table.WRITE:
        table.write(KINDS, kind.name, table.refused(found))
    assert table.is_written(kind.name, table.refused(found))


@pytest.mark.skipif(table.WRITE, reason="the page is being written")
def test_the_page_lists_every_kind_and_no_other() -> None:
    names = [kind.name for kind in KINDS]
    assert table.names() == names and len(set(names)) == len(names)
