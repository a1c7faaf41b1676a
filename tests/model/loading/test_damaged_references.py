"""A graph whose objects refer to what is not there is an error of the file: exit 2, not 70."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from audit.cli import main
from audit.errors import AuditError
from audit.model.loading.scan import scan

from ...audits import store
from . import programs


def asset(meta: Any) -> None:
    (node,) = (node for node in meta.object_graph_def.nodes if node.HasField("asset"))
    node.asset.asset_file_def_index = 7


def negative_asset(meta: Any) -> None:
    (node,) = (node for node in meta.object_graph_def.nodes if node.HasField("asset"))
    node.asset.asset_file_def_index = -1


def child(meta: Any) -> None:
    meta.object_graph_def.nodes[0].children[0].node_id = 10_000


def bound_input(meta: Any) -> None:
    function = next(f for f in meta.object_graph_def.concrete_functions.values() if f.bound_inputs)
    function.bound_inputs[0] = 10_000


def function(meta: Any) -> None:
    node = next(node for node in meta.object_graph_def.nodes if node.HasField("bare_concrete_function"))
    node.bare_concrete_function.concrete_function_name = "gone"


def dropped_assets(meta: Any) -> None:
    del meta.asset_file_def[:]


@pytest.mark.parametrize("change", [asset, negative_asset, child, bound_input, function, dropped_assets])
def test_a_reference_that_leads_nowhere(
    tmp_path: Path, words: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Any], None]
) -> None:
    programs.vocabulary(tmp_path / "model", words)
    assert scan(tmp_path / "model").unsafe == []
    programs.edit(tmp_path / "model", change)
    with pytest.raises(AuditError) as caught:
        scan(tmp_path / "model")
    assert caught.value.where.endswith("saved_model.pb")
    data = store(pd.DataFrame({"x": [0.0, 1.0], "label": [0, 1]}), tmp_path)
    options = ["--model", str(tmp_path / "model"), "--data", str(data), "--label", "label"]
    assert main(["run", *options, "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("  found: ") == 1


def test_inputs_that_are_missing(tmp_path: Path, words: Path) -> None:
    """Operations without the inputs that they need: a table without a file, a restore without a checkpoint."""
    programs.first_generation(tmp_path / "model", words)

    def bare(meta: Any) -> None:
        for node in meta.graph_def.node:
            if node.op in ("InitializeTableFromTextFileV2", "RestoreV2"):
                del node.input[:]

    programs.edit(tmp_path / "model", bare)
    assert scan(tmp_path / "model").operations == ["InitializeTableFromTextFileV2", "RestoreV2"]
