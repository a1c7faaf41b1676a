"""A kernel that this TensorFlow lacks is reported as that, and not as a matter of the data's values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from audit.errors import AuditError

from ..audits import content, store, subject
from ..models import save

NO_GPU = not tf.config.list_physical_devices("GPU")


def cudnn(path: Path) -> None:
    """A recurrent layer of cuDNN, which no processor runs."""

    def score(x: Any) -> Any:
        zeros = tf.zeros([1, 1, 2])
        output = tf.raw_ops.CudnnRNN(
            input=tf.reshape(x, [-1, 1, 2]),
            input_h=zeros,
            input_c=zeros,
            params=tf.zeros([48]),
            is_training=False,
        )
        return tf.sigmoid(tf.reduce_sum(output.output, [1, 2]))

    save(path, score, x=([None, 2], tf.float32))


@pytest.mark.skipif(not NO_GPU, reason="a GPU has these kernels")
def test_a_lacking_kernel(tmp_path: Path) -> None:
    cudnn(tmp_path / "model")
    frame = pd.DataFrame(np.zeros((40, 2), np.float32), columns=["a", "b"]).assign(label=[0, 1] * 20)
    with pytest.raises(AuditError) as caught:
        subject(content(tmp_path / "model", store(frame, tmp_path)))
    assert "TensorFlow" in caught.value.expected and "CudnnRNN" in caught.value.found
    assert "data's values" not in str(caught.value)


def test_values_that_a_kernel_refuses_are_still_the_datas(tmp_path: Path) -> None:
    save(
        tmp_path / "model",
        lambda x: tf.sigmoid(tf.debugging.check_numerics(1 / x[:, 0], "a quotient")),
        x=([None, 2], tf.float32),
    )
    frame = pd.DataFrame(np.zeros((40, 2), np.float32), columns=["a", "b"]).assign(label=[0, 1] * 20)
    with pytest.raises(AuditError) as caught:
        subject(content(tmp_path / "model", store(frame, tmp_path)))
    assert "the row's values" in str(caught.value.fix)
