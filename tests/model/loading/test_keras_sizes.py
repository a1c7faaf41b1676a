"""Files of Keras that claim more than they hold, or that point elsewhere, are refused before anything is unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from audit.errors import AuditError
from audit.model.loading.signature import open_signature


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    layers = [keras.layers.Input((2,)), keras.layers.Dense(1, "sigmoid")]
    file = tmp_path / "model.keras"
    keras.Sequential(layers).save(file)
    return file


def refused(file: Path) -> AuditError:
    with pytest.raises(AuditError) as caught:
        open_signature(file, "serving_default")
    return caught.value


@pytest.mark.parametrize("member", ["config.json", "metadata.json", "model.weights.h5", "assets/x"])
def test_a_member_larger_than_the_file_explains(saved: Path, tmp_path: Path, member: str) -> None:
    bomb = tmp_path / "bomb.keras"
    with zipfile.ZipFile(saved) as archive, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as copy:
        for info in archive.infolist():
            if info.filename != member:
                copy.writestr(info.filename, archive.read(info.filename))
        copy.writestr(member, b" " * 2**28)
    assert bomb.stat().st_size < 2**20
    error = refused(bomb)
    assert f"{2**28:,} bytes" in error.found and repr(member) in error.found


def test_weights_that_claim_more_than_the_file_holds(tmp_path: Path) -> None:
    file = tmp_path / "model.h5"
    with h5py.File(file, "w") as h5:
        h5.attrs["model_config"] = "{}"
        h5.create_dataset("w", (10**6, 10**6), np.float32, chunks=(100, 100))
    assert "'w' of 4,000,000,000,000 bytes" in refused(file).found


def test_an_honest_file_compressed_again(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.keras"
    with zipfile.ZipFile(saved) as archive, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as copy:
        for info in archive.infolist():
            copy.writestr(info.filename, archive.read(info.filename))
    assert open_signature(again, "serving_default").name == "serving_default"


def test_a_layer_that_is_another_model(saved: Path, tmp_path: Path) -> None:
    """It is no Python code, and not in the file either."""
    model = keras.saving.load_model(saved)
    model.export(tmp_path / "elsewhere", verbose=False)
    layer = keras.layers.TFSMLayer(str(tmp_path / "elsewhere"), call_endpoint="serve", name="borrowed")
    inputs = keras.layers.Input((2,))
    keras.Model(inputs, layer(inputs)).save(tmp_path / "outer.keras")
    error = refused(tmp_path / "outer.keras")
    assert "'borrowed' (TFSMLayer)" in error.found and "SavedModel in another directory" in error.found
    assert "Lambda" not in str(error) and "Python" not in str(error)
