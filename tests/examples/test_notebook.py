"""The example notebook, as Jupyter runs it: stored without outputs, executed from the first cell to the last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import audit

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "notebook" / "adult.ipynb"


def stored() -> Any:
    return nbformat.read(EXAMPLE, as_version=4)  # type: ignore[no-untyped-call]


def test_it_is_stored_without_outputs() -> None:
    notebook = stored()
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code and all(cell.outputs == [] and cell.execution_count is None for cell in code)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def executed(raw_data: Path, out: Path) -> dict[str, Any]:
    """Return the outputs of the notebook's cells by id: each the data of the last one, by MIME type."""
    notebook = stored()
    (parameters,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())]
    parameters.source += f"\nDATA_DIR, OUT = Path({str(raw_data / 'adult')!r}), Path({str(out)!r})"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUDIT_CACHE", str(out / "cache"))
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(EXAMPLE.parent)}}).execute()
    results = {
        cell.id: [o for o in cell.outputs if "data" in o] for cell in notebook.cells if "outputs" in cell
    }
    return {name: outputs[-1]["data"] for name, outputs in results.items() if outputs}


def test_the_report_is_shown_as_a_frame_and_as_a_line(executed: dict[str, Any]) -> None:
    assert executed["audit"]["text/plain"].startswith("<Report fail: 1 of 3 rules failed")
    assert "<iframe" in executed["audit"]["text/html"]


def test_the_tables_and_the_plot_are_there(executed: dict[str, Any]) -> None:
    assert "disparate_impact" in executed["rules"]["text/html"]
    assert {"Female", "Male"} <= set(executed["rates"]["text/plain"].split())
    assert executed["explanation"]["image/png"]


def test_what_it_saved_is_loaded(executed: dict[str, Any], out: Path) -> None:
    assert executed["save"]["text/plain"] == "['report.json', 'report.html', 'summary.md']"
    report = audit.load(out / "report")
    statuses = {rule.metric: rule.status for rule in report.rules}
    assert (report.verdict, statuses["fairness.disparate_impact"]) == ("fail", "fail")
    assert report.data.rows == 16_281 and Path(report.data.path).parent == out / "cache" / "frames"
