"""The wheel, installed in a clean environment, renders a report: templates travel inside the package."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

from .wheels import ROOT, clean_environment, environment


def test_the_templates_are_inside_the_package_and_nothing_else_is_installed(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    templates = {path.name for path in (ROOT / "reports" / "templates").iterdir()}
    assert {
        Path(name).name for name in names if name.startswith("audit/formats/html/templates/")
    } == templates
    assert {name.split("/")[0].split("-")[0] for name in names} == {"audit", "savedmodel_audit"}
    assert "audit/py.typed" in names
    files = {path.name for path in (ROOT / "audit" / "cli" / "new_check_templates").iterdir()}
    assert {Path(name).name for name in names if name.endswith(".tmpl")} == files


def test_it_renders_a_report_and_lists_its_checks(wheel: Path, tmp_path: Path) -> None:
    python = clean_environment(tmp_path / "env", wheel)
    report = tmp_path / "report.json"
    from audit.formats.json import to_json
    from tests.formats.samples import decided_report

    report.write_text(to_json(decided_report()), "utf-8")
    code = (
        "import audit, sys; from audit.cli import main; "
        f"assert not audit.__file__.startswith({str(ROOT)!r}), audit.__file__; "
        f"sys.exit(main(['report', {str(report)!r}]) or main(['checks']))"
    )
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=environment()
    )
    assert done.returncode == 0, done.stderr
    assert "fairness" in done.stdout
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")
