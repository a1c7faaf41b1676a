"""A SavedModel is a program: what reaches beyond its own variables is not run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from audit.cli import main
from audit.errors import AuditError
from audit.model.scan import scan
from audit.model.signature import open_signature

from ..audits import content, store, subject
from ..conftest import Models


def test_a_model_that_reads_files_is_refused(model: Models, tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [0.0, 1.0], "label": [0, 1]})
    with pytest.raises(AuditError, match="'ReadFile'"):
        subject(content(model("reads_files"), store(frame, tmp_path)))


def test_inspect_shows_unsafe_operations_without_loading(
    model: Models, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(model("reads_files")), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["unsafe_operations"] == ["ReadFile"] and "inputs" not in facts
    assert main(["inspect", str(model("reads_files"))]) == 0
    text = capsys.readouterr().out
    assert "ReadFile" in text and "not loaded" in text


@pytest.mark.parametrize("name", ["keras_columns", "flat_columns", "adult", "softmax"])
def test_harmless_models_are_not_accused(model: Models, name: str) -> None:
    """Lookups, strings and checkpoint operations are no reason to refuse."""
    assert scan(model(name)).unsafe == []


def test_a_lambda_layer_is_refused(model: Models) -> None:
    with pytest.raises(AuditError, match="no Python code") as caught:
        open_signature(model("lambda_file"), "serving_default")
    assert "safe_mode=False" not in str(caught.value)


def test_an_unknown_signature_names_the_known_ones(model: Models) -> None:
    with pytest.raises(AuditError, match=r"'serving_defualt' \(did you mean 'serving_default'"):
        open_signature(model("softmax"), "serving_defualt")


def test_inspect_describes_a_model(model: Models, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(model("flat_columns")), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["inputs"] == [
        {"name": "hours_per_week", "dtype": "float32", "shape": [None]},
        {"name": "marital_status", "dtype": "string", "shape": [None]},
    ]
    assert facts["head"]["kind"] == "sigmoid" and facts["differentiable"] is True


def test_a_copy_elsewhere_is_the_same_model(model: Models, tmp_path: Path) -> None:
    copy = shutil.copytree(model("softmax"), tmp_path / "copy")
    assert scan(copy) == scan(model("softmax"))
