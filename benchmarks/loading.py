"""Overhead of an audit over loading a model, for every kind of the zoo: scan, detection, determinism, logits.

Theirs is `tf.saved_model.load` and one call of the signature on 64 rows; a Keras file is loaded by Keras and exported
first, since only that gives it a signature. Ours is the same with all that an audit does before the checks (the scan,
the head, the same rows alone and among others), and then also with the gradient probe and the logits cut out of the
graph and confirmed on data.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pairs import header, in_turn, say

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the zoo is part of the tests

from audit.check import policy_from
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.determinism.check import require_deterministic
from audit.model.differentiability import differentiable
from audit.model.head import detect_head
from audit.model.logits.logits import find_logits
from audit.model.model import Model, open_model
from audit.subject.loading import load_subject
from audit.subject.subject import Subject
from tests.zoo.audited import content
from tests.zoo.kind import Kind, Made
from tests.zoo.kinds import KINDS

ROWS, PROBED = 64, 32


def first_rows(subject: Subject) -> dict[str, Any]:
    """Return the tensors of the first rows, as scoring makes them."""
    batch = next(subject.source.batches([name for feed in subject.feeds for name in feed.reads]))
    batch = batch.slice(0, ROWS)
    missing = subject.policy.data.missing
    return {feed.name: feed.tensor(feed.read(batch, 1, missing)) for feed in subject.feeds}


def scores_only(subject: Subject, tensors: Mapping[str, Any], path: Path) -> Model:
    """Load the model and do what every audit does before it scores on."""
    model = open_model(subject.policy.model, path)
    raw = model(tensors)
    require_deterministic(model, tensors, raw)
    detect_head(subject.policy.model.output.kind, model.operation, model.width, raw)
    return model


def with_surgery(subject: Subject, tensors: Mapping[str, Any], path: Path) -> None:
    """Do the same, probe the gradient, and cut out the logits."""
    features = subject.features
    model = scores_only(subject, tensors, path)
    differentiable(model, {name: tensor[:PROBED] for name, tensor in tensors.items()})
    find_logits(model, subject.decision_rule.head, subject.feeds, features.columns, features.data.matrix)


def loaded(made: Made, model: Model) -> Callable[[], object]:
    """Return how the model is loaded and called without an audit."""
    tf, path, signature = tensorflow(), made.exported or made.model, model.signature.name
    rows = {name: tensor[: model.batch or ROWS] for name, tensor in made.fed().items()}

    def load(folder: Path = path) -> object:
        owner = tf.saved_model.load(str(folder))  # without it the signature has no variables
        return owner, owner.signatures[signature](**rows)

    def load_file() -> object:
        import keras

        with tempfile.TemporaryDirectory() as folder:
            keras.models.load_model(path, compile=False).export(folder, verbose=False)
            return load(Path(folder))

    return load_file if path.is_file() else load


def compare(kind: Kind, pairs: int) -> tuple[float, float]:
    """Print the two ratios of a kind and return their medians."""
    with tempfile.TemporaryDirectory() as folder:
        made = kind.build(Path(folder))
        subject = load_subject(policy_from(content(made)), lambda *_: None)
        tensors, theirs = first_rows(subject), loaded(made, subject.model)
        medians = []
        for what, work, bar in (
            ("scores only", scores_only, "at most 1.5"),
            ("with surgery", with_surgery, "at most 5"),
        ):
            found = in_turn(pairs, lambda work=work: work(subject, tensors, made.model), theirs)
            say(f"{kind.name}, {what}", found, bar)
            medians.append(float(np.median(np.divide(found.ours, found.theirs))))
    return medians[0], medians[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--only", default="", help="a part of the names of kinds")
    options = parser.parse_args()
    header()
    kinds = [kind for kind in KINDS if not kind.refused and options.only.lower() in kind.name.lower()]
    ratios = np.array([compare(kind, options.pairs) for kind in kinds])
    for place, what in enumerate(("scores only", "with surgery")):
        print(f"| {what}: median and greatest of {len(kinds)} kinds | "
              f"{np.median(ratios[:, place]):.2f}, {ratios[:, place].max():.2f} |  |  |  |  |")  # fmt: skip


if __name__ == "__main__":
    main()
