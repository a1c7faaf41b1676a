"""Graphs that no exporter writes: what excuses a saver's or a table's operation cannot be borrowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.model.loading.scan import scan

from . import programs
from .programs import Write


def moved_asset(meta: Any) -> None:
    meta.asset_file_def[0].filename = "../../words.txt"


def no_asset(meta: Any) -> None:
    """The table's file is another object of the model: here the table itself."""
    objects = meta.object_graph_def
    (node,) = (number for number, node in enumerate(objects.nodes) if node.HasField("asset"))
    for function in objects.concrete_functions.values():
        bound = [1 if number == node else number for number in function.bound_inputs]
        function.bound_inputs[:] = bound


def callable_restore(meta: Any) -> None:
    """The saver's own function, listed as one that loading may call."""
    (name,) = (
        f.signature.name for f in meta.graph_def.library.function if "traced_restore" in f.signature.name
    )
    meta.object_graph_def.concrete_functions[name].SetInParent()


def unlisted_asset(meta: Any) -> None:
    del meta.collection_def["saved_model_assets"]


def other_checkpoint(meta: Any) -> None:
    node = next(node for node in meta.graph_def.node if node.op == "RestoreV2")
    node.input[0] = "save/RestoreV2/tensor_names"


def save_on_load(meta: Any) -> None:
    name = next(node.name for node in meta.graph_def.node if node.op == "SaveV2")
    meta.collection_def["saved_model_main_op"].node_list.value[:] = [name]


def save_on_restore(meta: Any) -> None:
    name = next(node.name for node in meta.graph_def.node if node.op == "SaveV2")
    restore = next(node for node in meta.graph_def.node if node.name == meta.saver_def.restore_op_name)
    restore.input.append(f"^{name}")


@pytest.mark.parametrize(
    ("write", "change", "operation"),
    [
        (programs.vocabulary, moved_asset, "InitializeTableFromTextFileV2"),
        (programs.vocabulary, no_asset, "InitializeTableFromTextFileV2"),
        (programs.vocabulary, callable_restore, "RestoreV2"),
        (programs.first_generation, unlisted_asset, "InitializeTableFromTextFileV2"),
        (programs.first_generation, other_checkpoint, "RestoreV2"),
        (programs.first_generation, save_on_load, "SaveV2"),
        (programs.first_generation, save_on_restore, "SaveV2"),
    ],
)
def test_an_edited_graph(
    tmp_path: Path, words: Path, write: Write, change: Callable[[Any], None], operation: str
) -> None:
    write(tmp_path / "model", words)
    programs.edit(tmp_path / "model", change)
    assert scan(tmp_path / "model").operations == [operation]
