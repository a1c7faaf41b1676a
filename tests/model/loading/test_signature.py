"""Opening a model: signatures by name, code that is not run, and what `inspect` says of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from audit.cli import main
from audit.errors import AuditError
from audit.model.loading.scan import scan
from audit.model.loading.signature import open_signature

from ...conftest import Models


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
