"""Policy of the demo, the same for both candidates."""

from __future__ import annotations

_POLICY = """\
# The demo's policy for candidate {number}. Paths are relative to this file.
# `audit run {name}` repeats the audit; change a limit and see what it does.
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


def policy_name(number: int) -> str:
    """Return the file name of candidate ``number``'s policy."""
    return f"audit-{number}.yaml"


def policy_text(number: int) -> str:
    """Return the YAML of candidate ``number``'s policy; only the model's path depends on it."""
    return _POLICY.format(number=number, name=policy_name(number))
