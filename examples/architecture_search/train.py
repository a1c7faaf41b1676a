"""A governed search: Keras Tuner proposes networks, and only those that pass the audit may be chosen.

The applicants are invented (`audit.demo.loans`) with known faults: the label is unfair to women, ``district_score``
gives their sex away, and ``bureau_rate`` tells a lot as long as nobody touches it. A search for the best AUC alone
would take both.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import audit
from audit.check import load_policy
from audit.demo.loans import make_loans
from audit.formats.writing import write_reports
from audit.policy import Policy
from audit.result import Report

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras_tuner  # noqa: E402  (the search derives from it)
from script import parse, say_next  # noqa: E402  (the examples are scripts, not a package)

if TYPE_CHECKING:
    import keras

LABEL, FAVORABLE = "approved", "yes"
NOT_FEATURES = ["sex", LABEL]
ROWS = {"train": 8_000, "validation": 3_000, "test": 6_000}
LEFT_OUT = {
    "nothing": [],
    "district": ["district_score"],
    "district+bureau": ["district_score", "bureau_rate"],
}
DECIDING = [
    "performance",
    "fairness",
    "robustness",
]  # the checks that rules name: only what is kept is explained
SEED = 1  # 0 makes Keras Tuner draw one
TRIALS, EPOCHS, BATCH = 6, 4, 256


@dataclass(frozen=True)
class Candidate:
    """A trained network: what was chosen, where it lies, and what the audit says of it."""

    choices: dict[str, Any]
    model: Path
    report: Report

    @property
    def eligible(self) -> bool:
        """Whether it passed: what could not be decided is not eligible either."""
        return self.report.verdict == "pass"

    @property
    def auc(self) -> float:
        """Area under the ROC curve on the validation rows."""
        found = (rule for rule in self.report.rules if rule.metric == "performance.auc")
        return next(found).measurements[0].value

    @property
    def blocked_by(self) -> list[str]:
        """The rules that do not hold, or could not be decided."""
        return [rule.id for rule in self.report.rules if rule.status not in ("pass", "waived")]


class GovernedSearch(keras_tuner.RandomSearch):
    """Trains, exports and audits each proposal; a blocked one scores nothing, however good its AUC is."""

    def __init__(self, out: Path, train: pd.DataFrame) -> None:
        self.candidates: list[Candidate] = []
        self._out, self._train = out, train
        best = keras_tuner.Objective("eligible_auc", "max")
        super().__init__(objective=best, max_trials=TRIALS, seed=SEED, directory=out, project_name="search")

    def run_trial(self, trial: Any, *_: Any, **__: Any) -> dict[str, float]:
        """Return what Keras Tuner compares."""
        model = build(trial.hyperparameters, self._train)
        folder = self._out / "candidates" / trial.trial_id
        model.export(folder / "model", verbose=False)
        report = audit.run(validation_policy(self._out, folder / "model"), only=DECIDING)
        write_reports(report, folder / "report")
        candidate = Candidate(dict(trial.hyperparameters.values), folder / "model", report)
        self.candidates.append(candidate)
        return {"eligible_auc": candidate.auc if candidate.eligible else 0.0}


def validation_policy(out: Path, model: Path) -> Policy:
    """Return the policy of this example for one candidate, on the validation rows.

    The test rows are kept for the audit of the one that is chosen: the best of several owes some of its measurements
    to luck on the rows that it was chosen by.
    """
    paths = {
        "model.path": model,
        "data.path": out / "validation.parquet",
        "data.background": out / "train.parquet",
    }
    return load_policy(HERE / "audit.yaml", [f"{key}={path.resolve()}" for key, path in paths.items()])


def build(choose: keras_tuner.HyperParameters, train: pd.DataFrame) -> keras.Model:
    """Return a trained network: one input of shape (rows, 1) a column that is not left out, output P(yes)."""
    import keras

    units, depth = choose.Choice("units", [4, 16]), choose.Int("depth", 1, 2)
    left_out = LEFT_OUT[choose.Choice("leaves out", list(LEFT_OUT))]
    keras.utils.set_random_seed(SEED)
    features = train.drop(columns=[*NOT_FEATURES, *left_out]).astype("float32")
    inputs = {name: keras.Input((1,), name=name) for name in features}
    scale = keras.layers.Normalization()
    scale.adapt(features.to_numpy())
    x = scale(keras.layers.Concatenate()(list(inputs.values())))
    for _ in range(depth):
        x = keras.layers.Dense(units, activation="relu")(x)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid", name=LABEL)(x))
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    label = (train[[LABEL]] == FAVORABLE).to_numpy("float32")
    model.fit(
        {n: features[[n]].to_numpy() for n in features}, label, batch_size=BATCH, epochs=EPOCHS, verbose=0
    )
    return model


def listed(candidates: list[Candidate]) -> str:
    """Return the candidates as a table, the best AUC first."""
    rows = [
        {
            **c.choices,
            "AUC": f"{c.auc:.3f}",
            "verdict": c.report.verdict,
            "blocked by": ", ".join(c.blocked_by),
        }
        for c in sorted(candidates, key=lambda c: -c.auc)
    ]
    return pd.DataFrame(rows).to_string(index=False, max_colwidth=None)


def main() -> None:
    """Make the tables, search, keep the best of the eligible."""
    options = parse(__doc__ or "", HERE)
    for old in ("search", "candidates", "model"):
        shutil.rmtree(options.out / old, ignore_errors=True)
    tables = {name: make_loans(rows, seed) for seed, (name, rows) in enumerate(ROWS.items(), start=1)}
    for name, table in tables.items():
        table.to_parquet(options.out / f"{name}.parquet", index=False)
    search = GovernedSearch(options.out, tables["train"])
    search.search(verbose=0)
    print(listed(search.candidates))
    eligible = [candidate for candidate in search.candidates if candidate.eligible]
    if not eligible:
        raise SystemExit("No candidate passed the audit: nothing is kept.")
    best = max(eligible, key=lambda candidate: candidate.auc)
    shutil.copytree(best.model, options.out / "model")
    print(f"Kept the best of {len(eligible)} that passed, of {len(search.candidates)}: AUC {best.auc:.3f}.")
    say_next(HERE, options.out, "test.parquet", "train.parquet")


if __name__ == "__main__":
    main()
