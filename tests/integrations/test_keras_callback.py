"""A real training whose export is audited when it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from audit.errors import AuditError
from audit.formats.json import read_report
from audit.integrations.keras_callback import AuditCallback
from audit.provenance.digest import digest

from ..audits import content, people, store


class Logs(keras.callbacks.Callback):
    """Keeps what callbacks before it have left in the logs."""

    at_end: dict[str, Any]

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.at_end = dict(logs or {})


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,), name="score"), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    return model


def fit(frame: pd.DataFrame, *callbacks: keras.callbacks.Callback) -> keras.Model:
    model = network()
    model.fit(frame[["score"]].to_numpy(np.float32), frame["label"], epochs=1, verbose=0, callbacks=callbacks)
    return model


def policy(folder: Path, frame: pd.DataFrame, at_least: float) -> dict[str, Any]:
    rules = [{"metric": "performance.auc", "at_least": at_least}]
    written = content(Path("elsewhere"), store(frame, folder), spec={"inputs": {"score": ["score"]}})
    return {**written, "gate": {"rules": rules}}


@pytest.mark.parametrize(("at_least", "verdict"), [(0.6, "pass"), (0.99, "fail")])
def test_the_export_is_audited_and_the_verdict_is_logged(
    tmp_path: Path, at_least: float, verdict: str
) -> None:
    frame = people(400)
    export = tmp_path / "export"
    audited = AuditCallback(policy(tmp_path, frame, at_least), export_to=export, out=tmp_path / "out")
    logs = Logs()
    model = fit(frame, audited, logs)
    assert audited.report is not None and audited.report.verdict == verdict
    assert logs.at_end["audit_verdict"] == verdict and "loss" in logs.at_end
    assert audited.report.model.digest == digest(export)
    assert read_report(tmp_path / "out").verdict == verdict
    positive = model.predict(frame[["score"]].to_numpy(np.float32), verbose=0)[:, 0]
    ranks = pd.Series(positive).rank()[frame["label"] == 1]  # the Mann-Whitney statistic
    ones, zeros = (frame["label"] == 1).sum(), (frame["label"] == 0).sum()
    auc = (ranks.sum() - ones * (ones + 1) / 2) / (ones * zeros)
    assert audited.report.rules[0].measurements[0].value == pytest.approx(auc, abs=1e-4)


def test_what_cannot_be_audited_leaves_no_verdict(tmp_path: Path) -> None:
    frame = people(400)
    audited = AuditCallback(policy(tmp_path, frame.drop(columns="score"), 0.6), out=tmp_path / "out")
    with pytest.raises(AuditError, match="score"):
        fit(frame, audited)
    assert audited.report is None and not (tmp_path / "out" / "report.json").exists()
