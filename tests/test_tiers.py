"""The table of markers names what exists, and a tier without TensorFlow really has none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from . import tiers

HERE = Path(__file__).parent
LISTED = [*tiers.TENSORFLOW, *tiers.SLOW, *tiers.BROWSER, *tiers.SMOKE, *tiers.FIRST]


@pytest.mark.parametrize("entry", LISTED)
def test_what_is_listed_exists(entry: str) -> None:
    file, _, name = entry.partition("::")
    place = HERE / file.partition("[")[0]
    assert place.exists()
    assert f"def {name.partition('[')[0]}" in (place.read_text("utf-8") if name else "def ")


@pytest.mark.parametrize(
    ("test", "markers"),
    [
        ("attacks/test_square.py::test_it", {"tensorflow"}),
        ("attacks/test_row_rng.py::test_it[2]", set()),
        ("gate/test_holm.py::test_it", set()),
        ("examples/test_text.py::test_it", {"tensorflow", "slow"}),
        ("formats/html/test_browser.py::test_it[full-360]", {"browser"}),
        ("zoo/test_inputs.py::TestTensors::test_it[one tensor of floats]", {"tensorflow", "smoke"}),
        ("zoo/test_inputs.py::TestTensors::test_it[another]", {"tensorflow"}),
    ],
)
def test_the_nearest_entry_counts(test: str, markers: set[str]) -> None:
    assert tiers.markers(test) == markers


def test_a_test_that_starts_tensorflow_without_the_marker_fails(tmp_path: Path) -> None:
    """Shown with an empty module in TensorFlow's place: that one is imported is what counts."""
    (tmp_path / "tensorflow.py").touch()
    case = tmp_path / "test_case.py"
    case.write_text("def test_it():\n    import tensorflow\n")
    code = f"import sys; sys.path[:0] = {[str(tmp_path), str(HERE.parent)]!r}; import pytest; sys.exit(pytest.main())"
    command = [sys.executable, "-c", code, "-p", "no:cacheprovider", "-p", "tests.conftest", str(case)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "enter it in tests/tiers.py" in done.stdout
