"""Trains and exports the demo's two candidates: same columns, rows and layers, two ways of training.

Neither has ``sex`` as a feature. The first is trained on the office's decisions as they are: it learns the
planted bias through ``district_score`` and relies on the fragile ``bureau_rate``. The second is trained on
the same rows weighted by AIF360's `Reweighing` (Kamiran and Calders, 2012), under which sex and approval are
independent, and on their FGSM examples (Goodfellow et al., 2015), in which ``bureau_rate`` is almost
uninformative.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from audit.frameworks.output_silencing import quiet
from audit.frameworks.tensorflow_loader import tensorflow

if TYPE_CHECKING:
    import keras
    import pandas as pd
    from numpy.typing import NDArray

NOT_FEATURES = ["sex", "approved"]
EPOCHS = 12
BATCH_ROWS = 512
LEARNING_RATE = 0.02


class Recipe(NamedTuple):
    """Training options of a candidate: use of AIF360's row weights, use of FGSM examples."""

    reweighed: bool
    hardened: bool


def train_candidate(train: "pd.DataFrame", directory: Path, recipe: Recipe, *, seed: int) -> None:
    """Train a candidate and export it to ``directory`` as a SavedModel.

    Its signature takes one float32 tensor of shape (None, 1) for each feature, named as the column, and
    returns P(approved = yes), shape (None, 1), in 0 to 1.

    Args:
        train: table of `audit.demo.loans.make_loans`.
        directory: directory of the SavedModel; replaced if it exists.
        recipe: row weights and FGSM examples; all else is the same for all candidates.
        seed: seed of the initial weights and of the order of rows, set for the whole process.
    """
    weights = reweighing(train) if recipe.reweighed else np.ones(len(train))
    tensorflow()
    import keras

    keras.utils.set_random_seed(seed)
    features = train.drop(columns=NOT_FEATURES).astype("float32")
    standardized = keras.layers.Normalization()
    standardized.adapt(features.to_numpy())
    network = _network(features.shape[1], recipe.hardened, steps=EPOCHS * len(train) // BATCH_ROWS)
    network.fit(
        np.asarray(standardized(features.to_numpy())),
        (train[["approved"]] == "yes").to_numpy("float32"),
        sample_weight=weights,
        epochs=EPOCHS,
        batch_size=BATCH_ROWS,
        verbose=0,
    )
    inputs = {name: keras.Input((1,), name=name) for name in features}
    logit = network(standardized(keras.layers.Concatenate()(list(inputs.values()))))
    served = keras.Model(inputs, keras.layers.Activation("sigmoid", name="approved")(logit))
    with quiet():
        served.export(directory, verbose=False)


def reweighing(train: "pd.DataFrame") -> "NDArray[np.float64]":
    """Return AIF360's weight of each row, shape (rows,), for the groups Female and Male.

    The weight is P(sex) P(approved) / P(sex, approved) at the row's sex and decision.
    """
    with quiet():
        from aif360.algorithms.preprocessing import Reweighing
        from aif360.datasets import BinaryLabelDataset
    groups = {"male": (train["sex"] == "Male"), "approved": (train["approved"] == "yes")}
    table = BinaryLabelDataset(
        df=train.assign(**groups)[list(groups)].astype(float).reset_index(drop=True),
        label_names=["approved"],
        protected_attribute_names=["male"],
    )
    reweigh = Reweighing(unprivileged_groups=[{"male": 0.0}], privileged_groups=[{"male": 1.0}])
    return np.asarray(reweigh.fit_transform(table).instance_weights, dtype=np.float64)


def _network(columns: int, hardened: bool, steps: int) -> "keras.Sequential":
    """Return the compiled network; it maps standardized ``columns`` to a logit."""
    import keras

    from audit.demo.hardened import Hardened

    hidden = [keras.layers.Dense(16, activation="relu") for _ in range(2)]
    network = (Hardened if hardened else keras.Sequential)(
        [keras.Input((columns,)), *hidden, keras.layers.Dense(1)]
    )
    # The rate falls to zero: with a constant one, the last few batches would move the threshold.
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    network.compile(keras.optimizers.Adam(rate), keras.losses.BinaryCrossentropy(from_logits=True))
    return network
