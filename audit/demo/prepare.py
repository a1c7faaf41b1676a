"""Writes the demo's files: tables, models and policies."""

from dataclasses import dataclass
from pathlib import Path

from audit.demo.candidates import Recipe, train_candidate
from audit.demo.loans import make_loans
from audit.subject.scoring import Progress

TRAIN_ROWS = 24_000
TEST_ROWS = 8_000
CANDIDATES = {1: Recipe(reweighed=False, hardened=False), 2: Recipe(reweighed=True, hardened=True)}
"""Training options of each candidate, by its number."""


_POLICY = """\
# The demo's policy for candidate {number}. Paths are relative to this file.
# `audit run audit-{number}.yaml` repeats the audit; change a limit and see what it does.
version: 1

model:
  path: models/{number}

data:
  path: data/test.parquet
  background: data/train.parquet   # what a feature that is left out is drawn from, and the units of attacks
  label: approved              # the office's decision: yes or no
  favorable: "yes"             # the outcome that counts as favourable
  protected:
    sex: {{privileged: Male}}                 # the bias is planted here; the models are not given this column
    age: {{bins: [30], privileged: ">=30"}}   # nothing is planted here: a control

gate:
  confidence: 0.95             # each rule is decided on the two-sided 95 % interval, not on the value
  rules:
    - {{metric: performance.accuracy, at_least: 0.70}}
    - {{metric: performance.auc, at_least: 0.80}}
    # the four-fifths rule, in both directions: the rates at which the sexes are approved
    - {{metric: fairness.disparate_impact, where: {{attribute: sex}}, at_least: 0.8, at_most: 1.25}}
    # of those whom the office approved, the model approves about as many of either sex
    - {{metric: fairness.equal_opportunity_difference, where: {{attribute: sex}}, within: 0.1}}
    # the control: nothing is planted in age; without this rule, nothing would see a model that scores the young lower
    - {{metric: fairness.disparate_impact, where: {{attribute: age}}, at_least: 0.8, at_most: 1.25}}
    # sex comes in through its proxy: the district may carry no more than its even share, one of seven columns
    - {{metric: explainability.attribution_share, where: {{feature: district_score}}, at_most: 0.14}}
    # no column decides alone: one that did would most likely know what the office decided
    - {{metric: explainability.largest_share, at_most: 0.5}}
    # the fragile feature: most decisions should stay right when every column may move by 0.1 standard deviations
    - {{metric: robustness.adversarial_accuracy, where: {{attack: worst, eps: 0.1}}, at_least: 0.5}}
"""


@dataclass(frozen=True)
class Seeds:
    """Seeds of the training rows, of the test rows, and of a model's training."""

    train: int = 0
    test: int = 1
    model: int = 0


SEEDS = Seeds()


def prepare_demo(out: Path, progress: Progress, seeds: Seeds = SEEDS) -> dict[int, Path]:
    """Write ``data/``, ``models/1``, ``models/2`` and a policy for each into ``out``; return its path by number."""
    train = make_loans(TRAIN_ROWS, seeds.train)
    (out / "data").mkdir(parents=True, exist_ok=True)
    train.to_parquet(out / "data" / "train.parquet", index=False)
    make_loans(TEST_ROWS, seeds.test).to_parquet(out / "data" / "test.parquet", index=False)
    for done, (number, recipe) in enumerate(CANDIDATES.items()):
        progress("training candidates", done, len(CANDIDATES))
        train_candidate(train, out / "models" / str(number), recipe, seed=seeds.model)
        (out / f"audit-{number}.yaml").write_text(policy_text(number), "utf-8")
    progress("training candidates", len(CANDIDATES), len(CANDIDATES))
    return {number: out / f"audit-{number}.yaml" for number in CANDIDATES}


def policy_text(number: int) -> str:
    """Return the YAML of candidate ``number``'s policy; only its name and the model's path depend on it."""
    return _POLICY.format(number=number)
