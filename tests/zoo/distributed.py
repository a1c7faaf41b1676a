"""Trains under a distribution strategy and exports: a script, since devices are set before TensorFlow starts.

Run as ``distributed.py mirrored|worker ROWS MODEL``; a worker finds the others through ``TF_CONFIG``.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

COLUMNS = ["income", "debt", "years", "late"]
BATCH, EPOCHS = 60, 15


def train_mirrored(rows: Path, model: Path) -> None:
    """Train with Keras 3 on two virtual devices of this machine."""
    run([["mirrored", str(rows), str(model)]], [{}])


def train_on_workers(rows: Path, model: Path) -> None:
    """Train with Keras 2 in two processes; the first is the chief, whose model is the one that counts."""
    addresses = [f"localhost:{port}" for port in _free_ports(2)]
    tasks = [{"cluster": {"worker": addresses}, "task": {"type": "worker", "index": i}} for i in range(2)]
    models = [model, model.with_name("of-the-second-worker")]  # saving is a step that all must take
    run([["worker", str(rows), str(path)] for path in models], [{"TF_CONFIG": json.dumps(t)} for t in tasks])


def run(arguments: list[list[str]], environments: list[dict[str, str]]) -> None:
    """Run this script with each of the arguments at the same time.

    Raises:
        RuntimeError: one of them failed, or none had ended after two minutes; with the end of what it said.
    """
    started = [
        subprocess.Popen(
            [sys.executable, "-P", __file__, *words],
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for words, environment in zip(arguments, environments, strict=True)
    ]
    try:
        said = [process.communicate(timeout=120)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    for process, words in zip(started, said, strict=True):
        if process.returncode:
            raise RuntimeError(words[-2000:])


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _main(strategy: str, rows: str, model: str) -> None:
    import pandas as pd
    import tensorflow as tf

    frame = pd.read_parquet(rows)
    if strategy == "mirrored":
        import keras

        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        _train(keras, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), frame, model)
    else:
        workers = tf.distribute.MultiWorkerMirroredStrategy()  # before anything else of TensorFlow runs
        import tf_keras  # Keras 3 cannot fit across workers

        _train(tf_keras, workers, frame, model)


def _train(keras: Any, strategy: Any, frame: Any, model: str) -> None:
    import tensorflow as tf

    assert strategy.num_replicas_in_sync == 2
    keras.utils.set_random_seed(0)
    with strategy.scope():
        dense = keras.layers.Dense
        network = keras.Sequential(
            [keras.Input((len(COLUMNS),), name="x"), dense(8, "relu"), dense(1, "sigmoid")]
        )
        network.compile(keras.optimizers.Adam(0.03), "binary_crossentropy")
    pairs = frame[COLUMNS].to_numpy("float32"), frame[["label"]].to_numpy("float32")
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    batches = tf.data.Dataset.from_tensor_slices(pairs).batch(BATCH).with_options(options)
    network.fit(batches, epochs=EPOCHS, verbose=0)
    network.export(model)


if __name__ == "__main__":
    _main(*sys.argv[1:])
