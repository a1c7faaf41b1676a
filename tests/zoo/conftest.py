"""A kind is built and audited once for all tests of its class."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

import pytest

from .audited import Audited, audit
from .kind import Kind

pytest.register_assert_rewrite("tests.zoo.suite")


@pytest.fixture(scope="class")
def audited(kind: Kind, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """The kind that the class is at, audited; nothing more is tested of one that is not."""
    if "bfloat16" in kind.name and not multiplies_bfloat16():
        pytest.skip("TensorFlow itself dies of a product in bfloat16 under this ONEDNN_MAX_CPU_ISA")
    found = audit(kind, tmp_path_factory.mktemp("zoo"))
    assert found.code in (0, 1, 3), f"exit code {found.code}: the message stands above"
    return found


@cache
def multiplies_bfloat16() -> bool:
    """Whether TensorFlow survives a product in bfloat16, tried in another process.

    It asks the processor, and not oneDNN, whether there are instructions for it: a cap on oneDNN's kills the process.
    """
    if "ONEDNN_MAX_CPU_ISA" not in os.environ:
        return True
    code = "import tensorflow as tf; x = tf.ones([64, 8], tf.bfloat16); tf.matmul(x, x, transpose_b=True)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
