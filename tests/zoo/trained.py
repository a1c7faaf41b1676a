"""Kinds by how the model was trained: across devices, in fewer bits, by a search, from a frozen base, own layers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras

from ..model_cache import built
from . import distributed
from . import people as of_people
from .compressed import LIMIT, dequantized, fake_quantized, pruned, quantized
from .fine_tuned import mobilenet
from .kind import Kind, Made
from .layers import Gated, Searched, Spread
from .learned import exported, fitted, inputs, made
from .people import NUMBERS, people, stored


def mirrored(folder: Path) -> Made:
    return _kept("mirrored", distributed.train_mirrored, folder)


def multi_worker(folder: Path) -> Made:
    return _kept("multi-worker", distributed.train_on_workers, folder)


def _kept(name: str, train: Callable[[Path, Path], None], folder: Path) -> Made:
    """Train in processes that start TensorFlow anew, unless the model is kept."""
    rows = stored(people(), folder)
    sources = [Path(str(module.__file__)) for module in (distributed, of_people)]
    shutil.copytree(built(name, lambda model: train(rows, model), *sources), folder / "model")
    return made(folder)


def sixteen_bits(policy: str, head: str = "float32") -> keras.Model:
    """Return a trained model whose hidden layers compute under a dtype policy, and its head under another."""

    def build() -> keras.Model:
        hidden = [keras.layers.Dense(8, activation="tanh", dtype=policy) for _ in range(2)]
        return keras.Sequential([inputs(), *hidden, keras.layers.Dense(1, activation="sigmoid", dtype=head)])

    return fitted(build)


def _rounded(build: Callable[[], keras.Model], folder: Path) -> Made:
    return exported(folder, build())


def searched(folder: Path) -> Made:
    """The better of two candidates of a random search over a subclassed model."""
    import keras_tuner

    candidates: dict[str, keras.Model] = {}

    class Search(keras_tuner.RandomSearch):
        def run_trial(self, trial: Any, **_: Any) -> float:
            choice = trial.hyperparameters
            units, depth, residual = (
                choice.Choice("units", [4, 8]),
                choice.Int("depth", 1, 2),
                choice.Boolean("past"),
            )
            model = candidates[trial.trial_id] = fitted(lambda: Searched(units, depth, residual))
            return float(model.history.history["loss"][-1])

    search = Search(max_trials=2, seed=1, directory=folder / "search", project_name="loans")
    search.search(verbose=0)
    (best,) = search.oracle.get_best_trials(1)
    return exported(folder, candidates[best.trial_id])


def own_layers(folder: Path) -> Made:
    def build() -> keras.Model:
        layers = [Spread(), Gated(8), keras.layers.Dense(1, activation="sigmoid")]
        return keras.Sequential([inputs(), *layers])

    return exported(folder, fitted(build))


def normalized(folder: Path) -> Made:
    """Batch normalization and dropout, which do something else while training."""

    def build() -> keras.Model:
        layers = [keras.layers.Dense(8, activation="relu"), keras.layers.BatchNormalization(momentum=0.8)]
        return keras.Sequential(
            [inputs(), *layers, keras.layers.Dropout(0.3), keras.layers.Dense(1, activation="sigmoid")]
        )

    return exported(folder, fitted(build))


def towers(folder: Path) -> Made:
    """Two towers with the same weights, one for each half of the numbers, and a head that compares them."""

    def build() -> keras.Model:
        x, tower = inputs(), keras.Sequential([keras.layers.Dense(6, "tanh"), keras.layers.Dense(3, "tanh")])
        half = len(NUMBERS) // 2
        one, other = tower(x[:, :half]), tower(x[:, half:])
        sides = keras.layers.Concatenate()([one - other, one * other])
        return keras.Model(x, keras.layers.Dense(1, activation="sigmoid")(sides))

    return exported(folder, fitted(build))


def recurrent(folder: Path) -> Made:
    """An LSTM that reads the numbers one by one."""

    def build() -> keras.Model:
        layers = [keras.layers.Reshape((len(NUMBERS), 1)), keras.layers.LSTM(8)]
        return keras.Sequential([inputs(), *layers, keras.layers.Dense(1, activation="sigmoid")])

    return exported(folder, fitted(build))


def silu(folder: Path) -> Made:
    """Swish, whose gradient TensorFlow writes by hand and exports beside the graph."""

    def build() -> keras.Model:
        layers = [keras.layers.Dense(8, activation="silu"), keras.layers.Dense(1, activation="sigmoid")]
        return keras.Sequential([inputs(), *layers])

    return exported(folder, fitted(build))


def _kind(name: str, build: Callable[[Path], Made]) -> Kind:
    return Kind(name, "training", build)


ACROSS_DEVICES = [
    _kind("`MirroredStrategy`, two devices", mirrored),
    _kind("`MultiWorkerMirroredStrategy`, two processes", multi_worker),
]
IN_FEWER_BITS: dict[str, tuple[Callable[[], keras.Model], float]] = {
    "`mixed_float16`, head in float32": (partial(sixteen_bits, "mixed_float16"), 2.0**-11),
    "`mixed_bfloat16`, head in float32": (partial(sixteen_bits, "mixed_bfloat16"), 2.0**-8),
    # Without oneDNN the sigmoid rounds each of its steps to bfloat16, not only its result.
    "`mixed_bfloat16`, head in bfloat16": (partial(sixteen_bits, "mixed_bfloat16", "bfloat16"), 2.0**-7),
    "trained with fake quantization": (fake_quantized, 2 * LIMIT / 255),
}
"""What trains a model whose weights would score nearly the same in float32, and the size of its rounding."""
TWINNED = [_kind(name, partial(_rounded, build)) for name, (build, _) in IN_FEWER_BITS.items()]
OTHERS = [
    _kind("a subclassed model found by a search (`keras-tuner`)", searched),
    _kind("own layers, each with its own `call`", own_layers),
    _kind("batch normalization and dropout", normalized),
    _kind("towers that share weights", towers),
    _kind("an LSTM over the columns", recurrent),
    _kind("SiLU, with a gradient of its own", silu),
    _kind('quantized by Keras 3 `model.quantize("int8")`', quantized),
    _kind("int8 weights, dequantized in the graph", dequantized),
    _kind("pruned: weights under masks", pruned),
]
FINE_TUNED = [_kind("a fine-tuned MobileNetV2: frozen base, new head", mobilenet)]
KINDS = [*ACROSS_DEVICES, *TWINNED, *OTHERS, *FINE_TUNED]
