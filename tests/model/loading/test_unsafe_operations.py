"""A SavedModel is a program: what reaches beyond its own variables and assets is not run."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from audit.cli import main
from audit.model.loading.scan import scan
from audit.policy import unsafe_operations as operations

from ...audits import classified, content, store, subject
from ...conftest import Models
from . import programs
from .programs import Write

EFFECTS = {
    "Abort": programs.abort,
    "PrintV2": programs.prints,
    "SaveV2": programs.saves,
    "RestoreV2": programs.restores,
    "ImmutableConst": programs.memory,
    "CacheDatasetV2": programs.caches,
    "DatasetFromGraph": programs.graph_in_a_text,
    "InitializeTableFromTextFileV2": programs.looks_up,
}


def refused(path: Path, operation: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`inspect` lists ``operation`` without loading the model, and `run` is exit 2 with one message."""
    assert main(["inspect", str(path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["unsafe_operations"] == [operation] and "inputs" not in facts
    assert main(["inspect", str(path)]) == 0
    text = capsys.readouterr().out
    assert operation in text and "not loaded" in text
    data = store(pd.DataFrame({"x": [0.0, 1.0], "label": [0, 1]}), path.parent)
    out = path.parent / "out"
    assert (
        main(["run", "--model", str(path), "--data", str(data), "--label", "label", "--out", str(out)]) == 2
    )
    said = capsys.readouterr()
    assert f"'{operation}'" in said.err and said.err.count("  found: ") == 1 and said.out == ""
    assert list(out.glob("report.*")) == []


@pytest.mark.parametrize("operation", EFFECTS)
@pytest.mark.parametrize("hidden", [False, True])
def test_in_the_signature(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], operation: str, hidden: bool
) -> None:
    value = programs.after(EFFECTS[operation])
    programs.signature(tmp_path / "model", programs.branch(EFFECTS[operation]) if hidden else value)
    refused(tmp_path / "model", operation, capsys)


@pytest.mark.parametrize("operation", EFFECTS)
def test_in_what_loading_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str], operation: str) -> None:
    """The signature of such a model calls nothing of the kind."""
    programs.initializer(tmp_path / "model", programs.after(EFFECTS[operation]))
    refused(tmp_path / "model", operation, capsys)


def test_a_model_that_reads_files_is_refused(
    model: Models, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model").symlink_to(model("reads_files"))
    refused(tmp_path / "model", "ReadFile", capsys)


def test_one_asset_does_not_excuse_another_file(
    tmp_path: Path, words: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    programs.vocabulary(tmp_path / "model", words, programs.after(programs.looks_up))
    refused(tmp_path / "model", "InitializeTableFromTextFileV2", capsys)


@pytest.mark.parametrize("name", ["keras_columns", "flat_columns", "adult", "softmax", "variables"])
def test_harmless_models_are_not_accused(model: Models, name: str) -> None:
    """Lookups, strings and checkpoint operations are no reason to refuse."""
    assert scan(model(name)).unsafe == []


def test_a_harmless_initializer_is_not_accused(tmp_path: Path) -> None:
    programs.initializer(tmp_path / "model", tf.identity)
    assert scan(tmp_path / "model").unsafe == []


OWN_FILES: dict[str, tuple[Write, bool]] = {
    "an asset": (programs.vocabulary, True),
    "an asset, saved again": (lambda p, w: resaved(p, w, programs.vocabulary), True),
    "TensorFlow 1": (lambda p, w: programs.first_generation(p), False),
    "an asset of TensorFlow 1": (programs.first_generation, True),
    "an asset of TensorFlow 1, saved again": (lambda p, w: resaved(p, w, programs.first_generation), True),
}


def resaved(path: Path, words: Path, write: Write) -> None:
    write(path.with_name("first"), words)
    programs.again(path, path.with_name("first"))


@pytest.mark.parametrize("kind", OWN_FILES)
def test_own_variables_and_assets_are_read(tmp_path: Path, words: Path, kind: str) -> None:
    """Not only are they not accused: without words, or with those of another file, scores were others."""
    write, looks_up = OWN_FILES[kind]
    write(tmp_path / "model", words)
    assert scan(tmp_path / "model").unsafe == []
    frame = pd.DataFrame({"x": [0.0, 1.0], "label": [0, 1]})
    found = classified(subject(content(tmp_path / "model", store(frame, tmp_path))))
    expected = 2 * frame["x"] + (1 - frame["x"]) * looks_up
    np.testing.assert_allclose(found.favorable, 1 / (1 + np.exp(-expected)), atol=1e-6)


FILE = re.compile(
    r"(^|_)(files?|filenames?|paths?|urls?|prefix|director(y|ies)|address|descriptor_source|memory_region_name)(_|$)"
)
NO_FILE = {"top_paths", "counter_prefix", "is_files"}
BY_ORIGIN = {"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"}


def test_every_operation_that_takes_the_name_of_a_file_is_known() -> None:
    """Read off the signatures of all of TensorFlow's operations: a new version may bring more."""
    takes_file = {
        name
        for name, operation in inspect.getmembers(tf.raw_ops, callable)
        if any(FILE.search(p) and p not in NO_FILE for p in inspect.signature(operation).parameters)
    }
    assert len(takes_file) > 40
    assert takes_file <= operations.NEVER | operations.SAVES | operations.RESTORES | BY_ORIGIN
