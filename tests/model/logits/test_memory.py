"""Memory that runs out says nothing of a graph: no weaker logits, and so no weaker attack, replace the exact ones."""

from __future__ import annotations

from typing import Any

import pytest

import audit.model.model
from audit.check import policy_from
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.logits import verification
from audit.model.logits.surrogate import flat_share
from audit.subject.loading import load_subject

from ...audits import content, people, store
from ...conftest import Models


def out_of_memory(*_: Any, **__: Any) -> Any:
    raise tensorflow().errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")


def test_of_a_part_of_the_graph(model: Models, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = people(60).rename(columns={"score": "a"})[["a", "age", "label"]]
    subject = load_subject(policy_from(content(model("sigmoid"), store(frame, tmp_path))), lambda *_: None)
    with monkeypatch.context() as patch, pytest.raises(tensorflow().errors.ResourceExhaustedError):
        patch.setattr(verification, "traced", out_of_memory)
        _ = subject.functions.logits
    assert subject.functions.logits.exact
    subject.model.__dict__.pop("freeze_result")
    monkeypatch.setattr(audit.model.model, "freeze", out_of_memory)
    with pytest.raises(tensorflow().errors.ResourceExhaustedError):
        _ = subject.model.frozen


def test_of_a_gradient() -> None:
    with pytest.raises(tensorflow().errors.ResourceExhaustedError):
        flat_share(out_of_memory, tensorflow().zeros([2, 2]).numpy())
