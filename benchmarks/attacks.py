"""FGSM and PGD on all Adult test rows, against those of ART, the Adversarial Robustness Toolbox.

Both ascend the same logits, extracted from the graph, from the model's own decisions; both are evaluated with the
whole signature, which is timed with them. ART gets columns in units of their standard deviation, the logits as one
compiled function and our step. Its batch size is swept: the table has a row for its default and one for the size
that the sweep finds fastest, and the sweep itself. Tracing is timed for neither.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from adult import FAVORABLE, LABEL, Adult, numbers, parser
from pairs import header, in_turn, say, seconds

from audit.attacks import Plan
from audit.attacks.batch import Batch
from audit.attacks.gradient_ascent import GradientAscent
from audit.attacks.run import attack
from audit.check import policy_from
from audit.checks.robustness.threat_model import threat_model_of
from audit.frameworks.tensorflow_loader import tensorflow
from audit.model.decision import decision_logits
from audit.subject.loading import load_subject
from audit.subject.subject import Subject

EPS, STEPS = 0.1, 20
STEP = 2.5 * EPS / STEPS  # ours, as Madry's
DEFAULT = 32  # ART's batch size
SWEPT = [128, 512, 1024, 2048, 4096, 8192, 16384]  # the last holds the whole table
FEW = 1024  # rows for ART in small batches, which take minutes for all
OURS = 8192  # as the check
Name = Literal["fgsm", "pgd"]
Robust = Callable[[], float]
"""Attacks all rows and returns the share that is decided right before and after."""


@dataclass(frozen=True)
class Attacked:
    """The rows (16,281, 13), the model's decisions and the true classes, int (16,281,)."""

    subject: Subject
    ascent: GradientAscent
    rows: np.ndarray
    classes: np.ndarray
    truth: np.ndarray

    def robust(self, moved: np.ndarray) -> float:
        """Let the uncut signature judge the first rows as moved."""
        classes, truth = self.classes[: len(moved)], self.truth[: len(moved)]
        right = (classes == truth) & (self.subject.predictor(moved) == classes)
        return float(right.mean())

    def ours(self, name: Name) -> float:
        rows = Batch(self.rows, self.classes, self.ascent.threat_model, "inf", self.subject.predictor)
        found = attack(rows, self.ascent, Plan([name], [EPS], seed=0, steps=STEPS), batch_size=OURS)
        return float(((self.classes == self.truth) & ~found.outcomes[0].flipped).mean())


def load(adult: Adult) -> Attacked:
    data = {"path": str(adult.test), "background": str(adult.train), "label": LABEL, "favorable": FAVORABLE}
    policy = policy_from({"version": 1, "model": {"path": str(adult.model)}, "data": data})
    subject = load_subject(policy, lambda *_: None)
    space, _ = threat_model_of(subject, [], [], EPS)
    cut, matrix = subject.logits, subject.features.data.matrix
    ascent = GradientAscent(
        lambda rows: decision_logits(cut(rows), subject.decision_rule), space, "inf", matrix.dtype
    )
    return Attacked(subject, ascent, matrix, subject.predictor(matrix), subject.scores.code)


def art(given: Attacked) -> Callable[[Name, int, int], Robust]:
    """Return ART's attacks by name, batch size and number of rows; its classifier sees the logits in scaled space."""
    warnings.filterwarnings("ignore", module="art")
    from art.attacks.evasion import FastGradientMethod, ProjectedGradientDescent
    from art.estimators.classification import TensorFlowV2Classifier

    tf, space, logits = tensorflow(), given.ascent.threat_model, given.ascent.logits
    scale = space.scale.astype(np.float32)
    compiled = tf.function(lambda scaled: logits(scaled * scale), reduce_retracing=True)
    classifier = TensorFlowV2Classifier(
        model=lambda scaled, training=False: compiled(scaled),
        nb_classes=2,
        input_shape=given.rows.shape[1:],
        loss_object=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        clip_values=(space.low / scale, space.high / scale),
    )
    scaled = given.rows / scale

    def prepared(name: Name, batch: int, rows: int) -> Robust:
        found = (
            FastGradientMethod(classifier, eps=EPS, batch_size=batch)
            if name == "fgsm"
            else ProjectedGradientDescent(
                classifier, eps=EPS, eps_step=STEP, max_iter=STEPS, batch_size=batch, verbose=False
            )
        )
        return lambda: given.robust(found.generate(scaled[:rows], given.classes[:rows]) * scale)

    return prepared


def sweep(prepared: Callable[[Name, int, int], Robust], name: Name, every: int) -> dict[int, float]:
    """Return ART's seconds a row by batch size, the least of three runs; the first run of a size traces."""
    found = {}
    for size in [DEFAULT, *SWEPT]:
        rows = attacked_rows(size, every)
        work = prepared(name, size, rows)
        work()
        found[size] = min(seconds(work) for _ in range(3)) / rows
    return found


def attacked_rows(size: int, every: int) -> int:
    """Return how many rows ART attacks in batches of ``size``."""
    return FEW if size < FEW else every


def compare(
    given: Attacked, theirs: Robust, figure: str, name: Name, rows: int, pairs: int, bar: str
) -> None:
    """Print the ratio of times a row; ART attacks the first ``rows`` only."""
    found = in_turn(pairs, lambda: given.ours(name), theirs, our_parts=len(given.rows), their_parts=rows)
    say(f"{name}, {figure}", found, bar, (1e6, "µs a row"))


def main() -> None:
    options = parser(__doc__).parse_args()
    given = load(numbers(options.data_dir))
    prepared, every = art(given), len(given.rows)
    header()
    bars: dict[Name, str] = {"pgd": "at least 10", "fgsm": "at least 3"}
    for name, bar in bars.items():
        swept = sweep(prepared, name, every)
        fastest = min(swept, key=swept.__getitem__)
        for batch, which in ((DEFAULT, "its default"), (fastest, "the fastest of the sweep")):
            rows = attacked_rows(batch, every)
            figure = f"ART in batches of {batch:,}, {which}"
            compare(given, prepared(name, batch, rows), figure, name, rows, options.pairs, bar)
        told = ", ".join(f"{size:,}: {1e6 * time:,.3g}" for size, time in swept.items())
        print(f"| {name}, ART by batch size, µs a row |  |  |  | {told} |  |", flush=True)
        accuracies = f"{given.ours(name):.4f} | {prepared(name, fastest, every)():.4f}"
        print(
            f"| {name}, accuracy at eps {EPS} of {every:,} rows |  | the same | {accuracies} |  |", flush=True
        )


if __name__ == "__main__":
    main()
