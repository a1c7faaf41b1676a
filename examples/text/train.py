"""Trains a small network on made-up support tickets and exports it; it takes raw text and finds the words itself.

Each ticket is written from templates, in American or British spelling. The model learned from tickets of one office,
where all spell the American way; half of those in the test do not.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from script import parse, say_next  # noqa: E402  (the examples are scripts, not a package)

if TYPE_CHECKING:
    import keras

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

BRITISH = {
    "unauthorized": "unauthorised",
    "canceled": "cancelled",
    "unrecognized": "unrecognised",
    "labeled": "labelled",
    "gray": "grey",
    "check": "cheque",
    "apologize": "apologise",
}
URGENT = ["was unauthorized", "was canceled", "was unrecognized", "was stolen"]
ROUTINE = ["was gray", "was labeled twice", "was late", "was small"]
THINGS = ["order", "payment", "parcel", "check", "kettle", "subscription"]
OPENINGS = ["Hello,", "Good morning.", "Dear team,", "I apologize for writing again.", ""]
CLOSINGS = ["Thank you!", "Please answer soon.", "Kind regards", ""]
BRITISH_IN_TEST = 0.5
ROWS, WRONG_LABELS = 1500, 0.04
SEED, EPOCHS, WORDS = 0, 15, 24


def write_tickets(british_share: float, rng: np.random.Generator) -> pd.DataFrame:
    """Return tickets: ``text``, ``spelling`` (American or British) and ``queue`` (urgent or routine)."""
    urgent = rng.random(ROWS) < 0.4
    british = rng.random(ROWS) < british_share
    texts = [_ticket(is_urgent, rng) for is_urgent in urgent]
    texts = [_in_british(text) if one else text for text, one in zip(texts, british, strict=True)]
    queue = np.where(urgent ^ (rng.random(ROWS) < WRONG_LABELS), "urgent", "routine")
    spelling = np.where(british, "British", "American")
    return pd.DataFrame({"text": texts, "spelling": spelling, "queue": queue})


def _ticket(urgent: bool, rng: np.random.Generator) -> str:
    event = rng.choice(URGENT if urgent else ROUTINE)
    opening, thing, closing = (rng.choice(part) for part in (OPENINGS, THINGS, CLOSINGS))
    return f"{opening} My {thing} from last week {event}. {closing}".strip()


def _in_british(text: str) -> str:
    for american, british in BRITISH.items():
        text = text.replace(american, british)
    return text


def train_model(train: pd.DataFrame) -> keras.Model:
    """Return the trained network: input (rows, 1) string, output P(urgent) of shape (rows, 1)."""
    import keras

    keras.utils.set_random_seed(SEED)
    words = keras.layers.TextVectorization(output_sequence_length=WORDS)
    words.adapt(train["text"].to_numpy())
    layers = [
        words,
        keras.layers.Embedding(words.vocabulary_size(), 16),
        keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(16, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid", name="urgent"),
    ]
    model = keras.Sequential([keras.Input((1,), dtype="string", name="text"), *layers])
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    urgent = (train["queue"] == "urgent").to_numpy(np.float32)
    model.fit(
        keras.ops.convert_to_tensor(train["text"].to_numpy()[:, None]), urgent, epochs=EPOCHS, verbose=0
    )
    return model


def main() -> None:
    """Write, train, export."""
    options = parse(__doc__ or "", HERE)
    rng = np.random.default_rng(SEED)
    train, test = (write_tickets(share, rng) for share in (0.0, BRITISH_IN_TEST))
    train.to_csv(options.out / "train.csv", index=False)
    test.to_csv(options.out / "test.csv", index=False)
    train_model(train).export(options.out / "model", verbose=False)
    say_next(HERE, options.out, "test.csv", "train.csv")


if __name__ == "__main__":
    main()
