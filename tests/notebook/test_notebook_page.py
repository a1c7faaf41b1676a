"""The snippets of docs/notebook.md, run in their order in a folder that has what they name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

from ..checks.kit import COLUMNS, logistic, persons

PAGE = Path(__file__).resolve().parents[2] / "docs" / "notebook.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_every_snippet_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    mpl.use("Agg")
    logistic(tmp_path / "models" / "income" / "3")
    people = persons(150, 3).rename(columns={"label": "income"})
    people[[*COLUMNS, "sex", "income"]].to_csv("test.csv", index=False)
    names: dict[str, Any] = {}
    for snippet in SNIPPETS:
        exec(compile(snippet, str(PAGE), "exec"), names)
    assert len(SNIPPETS) == 5 and names["report"].data.rows == 150
    assert not names["selected"].empty and len(names["open_report"].explanation) == 150
    assert [file.name for file in names["files"]] == ["report.json", "report.html", "junit.xml"]
